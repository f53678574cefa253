#include "lpat/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "lpat/average_precision.hpp"
#include "lpat/grid.hpp"
#include "lpat/interval_index.hpp"
#include "lpat/match.hpp"

namespace lpat {
namespace {

void require_intervals(const VideoIntervals& intervals, const std::string& name) {
  if (intervals.videos.size() != intervals.segments.size()) {
    throw std::invalid_argument(name + " must have as many videos as segments");
  }
  for (std::size_t i = 0; i < intervals.segments.size(); ++i) {
    const auto [start, end] = intervals.segments[i];
    const std::string place = name + " segment " + std::to_string(i);
    if (!std::isfinite(start) || !std::isfinite(end)) {
      throw std::invalid_argument(place + " must be finite");
    }
    if (end < start) throw std::invalid_argument(place + " must not end before it starts");
  }
}

void require_events(const Events& events, std::size_t class_count, const std::string& name) {
  require_intervals(events.without_classes(), name);
  if (events.classes.size() != events.size()) {
    throw std::invalid_argument(name + " must have as many classes as segments");
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto label = events.classes[i];
    if (label < 0 || static_cast<std::size_t>(label) >= class_count) {
      throw std::invalid_argument(name + " class " + std::to_string(i) + " must be one of " +
                                  std::to_string(class_count) + ", not " + std::to_string(label));
    }
  }
}

void require_scores(std::span<const double> scores, std::size_t count) {
  if (scores.size() != count) {
    throw std::invalid_argument("detection scores must be as many as segments");
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      throw std::invalid_argument("detection score " + std::to_string(i) + " must be finite");
    }
  }
}

void require_rules(std::span<const double> tious, const ProtocolOptions& options) {
  for (const double tiou : tious) {
    if (!(tiou > 0 && tiou <= 1)) {
      throw std::invalid_argument("tious must be in (0, 1], not " + std::to_string(tiou));
    }
  }
  if (!(std::isfinite(options.snippets_per_second) && options.snippets_per_second >= 0)) {
    throw std::invalid_argument("snippets_per_second must be finite and at least 0, not " +
                                std::to_string(options.snippets_per_second));
  }
}

// Indices of the events of each class, in input order: class c has those from offsets[c] up to
// offsets[c + 1].
struct Groups {
  std::vector<std::size_t> indices;
  std::vector<std::size_t> offsets;

  std::span<std::size_t> of(std::size_t label) {
    return std::span(indices).subspan(offsets[label], offsets[label + 1] - offsets[label]);
  }
};

Groups group_by_class(std::span<const std::int64_t> classes, std::size_t class_count) {
  Groups groups{std::vector<std::size_t>(classes.size()),
                std::vector<std::size_t>(class_count + 1, 0)};
  for (const auto label : classes) ++groups.offsets[static_cast<std::size_t>(label) + 1];
  for (std::size_t c = 0; c < class_count; ++c) groups.offsets[c + 1] += groups.offsets[c];
  std::vector<std::size_t> next(groups.offsets.begin(), groups.offsets.end() - 1);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    groups.indices[next[static_cast<std::size_t>(classes[i])]++] = i;
  }
  return groups;
}

// Detections of each class, best first.
Groups rank_by_class(const Events& detections, std::span<const double> scores,
                     std::size_t class_count) {
  Groups groups = group_by_class(detections.classes, class_count);
  for (std::size_t c = 0; c < class_count; ++c) {
    std::ranges::stable_sort(groups.of(c), std::ranges::greater{},
                             [&](std::size_t i) { return scores[i]; });
  }
  return groups;
}

// One evaluation: all that is shared by its classes, with times in the protocol's unit.
class Judge {
 public:
  Judge(const Events& detections, std::span<const double> scores, const Events& truths,
        std::size_t class_count, std::span<const double> tious, const VideoIntervals& ambiguous,
        const ProtocolOptions& options)
      : detections_(detections), truths_(truths), tious_(tious), options_(options) {
    require_events(detections, class_count, "detection");
    require_events(truths, class_count, "truth");
    require_intervals(ambiguous, "ambiguous");
    require_scores(scores, detections.size());
    require_rules(tious, options);
    VideoIntervals doubtful = ambiguous;
    std::vector<double> doubtful_times;
    if (const double rate = options.snippets_per_second; rate > 0) {
      detection_times_ = in_snippets(detections.segments.values, rate);
      truth_times_ = rounded_to_grid(truths.segments.values, rate);
      doubtful_times = rounded_to_grid(ambiguous.segments.values, rate);
      detections_.segments = {detection_times_};
      truths_.segments = {truth_times_};
      doubtful.segments = {doubtful_times};
    }
    if (options.ambiguous != AmbiguousRule::none) {
      doubtful_ = overlaps_any(detections_.without_classes(), doubtful);
    }
    ranked_ = rank_by_class(detections, scores, class_count);
    members_ = group_by_class(truths.classes, class_count);
  }
  Judge(const Judge&) = delete;  // its views are of its own vectors
  Judge& operator=(const Judge&) = delete;

  // Detections of a class, best first, as indices into the input.
  std::span<const std::size_t> ranked(std::size_t label) { return ranked_.of(label); }
  std::size_t truth_count(std::size_t label) { return members_.of(label).size(); }

  // Row-major (tious, ranked): an index into the truths, false_detection or dropped_detection.
  std::vector<std::int64_t> matches(std::size_t label) {
    const auto all = ranked(label);
    if (options_.ambiguous != AmbiguousRule::drop_all) {
      auto matches = match_class(detections_, all, truths_, members_.of(label), tious_, options_);
      for (std::size_t i = 0; i < matches.size() && !doubtful_.empty(); ++i) {
        const bool dropped = matches[i] == false_detection && doubtful_[all[i % all.size()]];
        if (dropped) matches[i] = dropped_detection;
      }
      return matches;
    }
    std::vector<std::size_t> ranks;
    std::vector<std::size_t> kept;
    for (std::size_t rank = 0; rank < all.size(); ++rank) {
      if (doubtful_[all[rank]]) continue;
      ranks.push_back(rank);
      kept.push_back(all[rank]);
    }
    const auto of_kept =
        match_class(detections_, kept, truths_, members_.of(label), tious_, options_);
    std::vector<std::int64_t> matches(tious_.size() * all.size(), dropped_detection);
    for (std::size_t i = 0; i < of_kept.size(); ++i) {
      matches[i / kept.size() * all.size() + ranks[i % kept.size()]] = of_kept[i];
    }
    return matches;
  }

 private:
  Events detections_;
  Events truths_;
  std::span<const double> tious_;
  ProtocolOptions options_;
  std::vector<double> detection_times_;
  std::vector<double> truth_times_;
  std::vector<char> doubtful_;  // whether each detection overlaps an ambiguous interval
  Groups ranked_;
  Groups members_;
};

}  // namespace

std::vector<double> average_precisions(const Events& detections, std::span<const double> scores,
                                       const Events& truths, std::size_t class_count,
                                       std::span<const double> tious,
                                       const VideoIntervals& ambiguous,
                                       const ProtocolOptions& options) {
  Judge judge(detections, scores, truths, class_count, tious, ambiguous, options);
  std::vector<double> precisions;
  precisions.reserve(class_count * tious.size());
  for (std::size_t c = 0; c < class_count; ++c) {
    if (judge.truth_count(c) == 0) {
      throw std::invalid_argument("class " + std::to_string(c) + " must have a ground truth");
    }
    const std::size_t count = judge.ranked(c).size();
    const auto matches = judge.matches(c);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      precisions.push_back(average_precision(std::span(matches).subspan(k * count, count),
                                             judge.truth_count(c), options.interpolated));
    }
  }
  return precisions;
}

std::vector<std::int64_t> match_detections(const Events& detections,
                                           std::span<const double> scores, const Events& truths,
                                           std::size_t class_count, std::span<const double> tious,
                                           const VideoIntervals& ambiguous,
                                           const ProtocolOptions& options) {
  Judge judge(detections, scores, truths, class_count, tious, ambiguous, options);
  std::vector<std::int64_t> result(tious.size() * detections.size());
  for (std::size_t c = 0; c < class_count; ++c) {
    const auto order = judge.ranked(c);
    const auto matches = judge.matches(c);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      for (std::size_t rank = 0; rank < order.size(); ++rank) {
        result[k * detections.size() + order[rank]] = matches[k * order.size() + rank];
      }
    }
  }
  return result;
}

}  // namespace lpat
