#include "lpat/suppression.hpp"

#include <cmath>
#include <limits>
#include <queue>
#include <stdexcept>
#include <string>

#include "base/checks.hpp"
#include "base/stable_sort.hpp"
#include "suppression/interval_tree.hpp"
#include "suppression/length_buckets.hpp"

namespace lpat {
namespace {

void require_detections(const ScoredSegments& detections) {
  const std::size_t count = detections.size();
  if (detections.classes.size() != count) {
    throw std::invalid_argument("classes must be as many as segments");
  }
  if (detections.scores.size() != count) {
    throw std::invalid_argument("scores must be as many as segments");
  }
  if (count >= std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("segments must be fewer than 2^32 - 1, not " +
                                std::to_string(count));
  }
  require_intervals(detections.segments, "segment");
  require_finite(detections.scores, "score");
}

void require_options(const SofteningOptions& options) {
  if (!(options.sigma > 0 && std::isfinite(options.sigma))) {
    throw std::invalid_argument("sigma must be positive and finite, not " +
                                std::to_string(options.sigma));
  }
  require_share(options.tiou, "tiou");
  if (!(options.minimum_score >= 0 && std::isfinite(options.minimum_score))) {
    throw std::invalid_argument("minimum_score must be finite and at least 0, not " +
                                std::to_string(options.minimum_score));
  }
}

// Indices of the segments that `take` takes when asked for each, best first.
template <typename Take>
std::vector<std::int64_t> taken(std::span<const double> scores, Take take) {
  auto ranked = keyed(scores.size(), [&](std::size_t i) { return descending_key(scores[i]); });
  sort_stably(ranked);
  std::vector<std::int64_t> indices;
  for (const auto& item : ranked) {
    if (take(item.index)) indices.push_back(item.index);
  }
  return indices;
}

double decay(double tiou, const SofteningOptions& options) {
  if (options.decay == Decay::gaussian) return std::exp(-(tiou * tiou) / options.sigma);
  return tiou > options.tiou ? 1 - tiou : 1;
}

// A segment with the score that it had when it was queued.
struct Queued {
  double score;
  std::uint32_t index;

  // Whether the other is to be taken first.
  bool operator<(const Queued& other) const {
    return score < other.score || (score == other.score && index > other.index);
  }
};

}  // namespace

std::vector<std::int64_t> suppress(const ScoredSegments& detections, double tiou) {
  require_detections(detections);
  require_share(tiou, "tiou");
  if (tiou == 1) {
    return taken(detections.scores, [](std::size_t) { return true; });
  }
  if (tiou > 0) {
    LengthBuckets buckets(detections.segments, detections.classes, tiou);
    return taken(detections.scores, [&](std::size_t i) { return buckets.take(i); });
  }
  // What stays is disjoint, so that every overlap that is found takes a segment away.
  IntervalTree tree(detections.segments, detections.classes);
  std::vector<char> suppressed(detections.size(), 0);
  return taken(detections.scores, [&](std::size_t i) {
    if (suppressed[i]) return false;
    tree.remove(i);
    for (const auto other : tree.overlapping(i)) {
      if (!(temporal_iou(detections.segments[i], detections.segments[other]) > 0)) continue;
      suppressed[other] = 1;
      tree.remove(other);
    }
    return true;
  });
}

Softened soften(const ScoredSegments& detections, const SofteningOptions& options) {
  require_detections(detections);
  require_options(options);
  std::vector<double> scores(detections.scores.begin(), detections.scores.end());
  std::vector<Queued> items;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < 0) {
      throw std::invalid_argument("score " + std::to_string(i) + " must be at least 0, not " +
                                  std::to_string(scores[i]));
    }
    items.push_back({scores[i], i});
  }
  IntervalTree tree(detections.segments, detections.classes);
  std::priority_queue<Queued> queue({}, std::move(items));
  Softened result;
  // Scores only fall, so a segment that comes first with a score that still holds is the best; one
  // whose score has fallen queues again.
  while (!queue.empty() && queue.top().score >= options.minimum_score) {
    const auto [score, index] = queue.top();
    queue.pop();
    if (score != scores[index]) {
      queue.push({scores[index], index});
      continue;
    }
    result.indices.push_back(index);
    result.scores.push_back(score);
    tree.remove(index);
    for (const auto other : tree.overlapping(index)) {
      scores[other] *=
          decay(temporal_iou(detections.segments[index], detections.segments[other]), options);
      if (scores[other] < options.minimum_score) tree.remove(other);
    }
  }
  return result;
}

}  // namespace lpat
