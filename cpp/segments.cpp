#include "lpat/segments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

namespace lpat {
namespace {

void require_finite(const Matrix& matrix, const std::string& name) {
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    if (!std::isfinite(matrix.values[i])) {
      throw std::invalid_argument(name + " must be finite, but " + name + "[" +
                                  std::to_string(i / matrix.columns) + ", " +
                                  std::to_string(i % matrix.columns) + "] isn't");
    }
  }
}

void require_edges(std::span<const double> edges, std::size_t snippets) {
  if (edges.size() != snippets + 1) {
    throw std::invalid_argument("edges must have " + std::to_string(snippets + 1) +
                                " elements, one more than snippets, not " +
                                std::to_string(edges.size()));
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!std::isfinite(edges[i])) {
      throw std::invalid_argument("edges must be finite, but edges[" + std::to_string(i) +
                                  "] isn't");
    }
    if (i > 0 && edges[i] < edges[i - 1]) {
      throw std::invalid_argument("edges must not decrease, but edges[" + std::to_string(i) +
                                  "] does");
    }
  }
}

void require_classes(std::span<const std::int64_t> classes, std::size_t columns) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0 || static_cast<std::size_t>(classes[i]) >= columns) {
      throw std::invalid_argument("classes[" + std::to_string(i) + "] must be a column of the " +
                                  std::to_string(columns) + " scores, not " +
                                  std::to_string(classes[i]));
    }
  }
}

// Scores of one class beside its threshold.
class Track {
 public:
  Track(const Matrix& scores, const Matrix& threshold, std::size_t column)
      : scores_(scores),
        threshold_(threshold),
        column_(column),
        threshold_column_(threshold.columns == 1 ? 0 : column) {}

  double score(std::size_t t) const { return scores_(t, column_); }
  double threshold(std::size_t t) const { return threshold_(t, threshold_column_); }
  double margin(std::size_t t) const { return score(t) - threshold(t); }
  bool above(std::size_t t) const { return scores_(t, column_) > threshold_(t, threshold_column_); }
  std::size_t snippets() const { return scores_.rows; }

 private:
  const Matrix& scores_;
  const Matrix& threshold_;
  std::size_t column_;
  std::size_t threshold_column_;
};

struct Range {
  std::size_t first;
  std::size_t stop;
};

// Time at which the margin passes zero between the centres of snippets t and t + 1, one of which
// lies above the threshold and the other does not.
double crossing(const Track& track, std::span<const double> edges, std::size_t t) {
  const double from = std::midpoint(edges[t], edges[t + 1]);
  const double to = std::midpoint(edges[t + 1], edges[t + 2]);
  const double before = std::abs(track.margin(t));
  const double after = std::abs(track.margin(t + 1));
  return std::clamp(from + (to - from) * (before / (before + after)), from, to);
}

double contrast(const Track& track, Range range, double inner_mean) {
  const std::size_t width = std::max<std::size_t>(1, (range.stop - range.first) / 4);
  const std::size_t outer_first = range.first - std::min(width, range.first);
  const std::size_t outer_stop = std::min(track.snippets(), range.stop + width);
  double sum = 0;
  for (std::size_t t = outer_first; t < range.first; ++t) sum += track.score(t);
  for (std::size_t t = range.stop; t < outer_stop; ++t) sum += track.score(t);
  const std::size_t count = (range.first - outer_first) + (outer_stop - range.stop);
  if (count > 0) return inner_mean - sum / static_cast<double>(count);
  for (std::size_t t = range.first; t < range.stop; ++t) sum += track.threshold(t);
  return inner_mean - sum / static_cast<double>(range.stop - range.first);
}

Run measure(const Track& track, Range range, std::span<const double> edges, Boundary boundary) {
  Run run;
  run.first = static_cast<std::int64_t>(range.first);
  run.stop = static_cast<std::int64_t>(range.stop);
  const bool cross = boundary == Boundary::crossing;
  run.start = cross && range.first > 0 ? crossing(track, edges, range.first - 1)
                                       : edges[range.first];
  run.end = cross && range.stop < track.snippets() ? crossing(track, edges, range.stop - 1)
                                                   : edges[range.stop];
  run.maximum_score = -std::numeric_limits<double>::infinity();
  double score_sum = 0;
  for (std::size_t t = range.first; t < range.stop; ++t) {
    const double margin = track.margin(t);
    run.mean_probability += 1 / (1 + std::exp(-margin));
    run.mean_margin += margin;
    run.maximum_score = std::max(run.maximum_score, track.score(t));
    score_sum += track.score(t);
  }
  const auto length = static_cast<double>(range.stop - range.first);
  run.mean_probability /= length;
  run.mean_margin /= length;
  run.contrast = contrast(track, range, score_sum / length);
  return run;
}

// Runs of each track, found in one pass in the order in which the scores lie in memory.
std::vector<std::vector<Range>> ranges_above(std::span<const Track> tracks, std::size_t snippets) {
  constexpr std::size_t outside = std::numeric_limits<std::size_t>::max();
  std::vector<std::vector<Range>> ranges(tracks.size());
  std::vector<std::size_t> first(tracks.size(), outside);
  // One snippet past the last closes the runs that are still open.
  for (std::size_t t = 0; t <= snippets; ++t) {
    for (std::size_t k = 0; k < tracks.size(); ++k) {
      const bool above = t < snippets && tracks[k].above(t);
      if (above == (first[k] != outside)) continue;
      if (!above) ranges[k].push_back({first[k], t});
      first[k] = above ? t : outside;
    }
  }
  return ranges;
}

}  // namespace

std::vector<Run> extract_segments(const Matrix& scores, const Matrix& threshold,
                                  std::span<const double> edges,
                                  std::span<const std::int64_t> classes, Boundary boundary,
                                  std::size_t minimum_snippets) {
  if (threshold.rows != scores.rows ||
      (threshold.columns != 1 && threshold.columns != scores.columns)) {
    throw std::invalid_argument("threshold must have one value per snippet or per score");
  }
  if (minimum_snippets == 0) {
    throw std::invalid_argument("minimum_snippets must be positive, not 0");
  }
  require_finite(scores, "scores");
  require_finite(threshold, "threshold");
  require_edges(edges, scores.rows);
  require_classes(classes, scores.columns);

  std::vector<Track> tracks;
  tracks.reserve(classes.size());
  for (const auto label : classes) {
    tracks.emplace_back(scores, threshold, static_cast<std::size_t>(label));
  }
  const auto ranges = ranges_above(tracks, scores.rows);
  std::vector<Run> runs;
  for (std::size_t k = 0; k < tracks.size(); ++k) {
    for (const auto range : ranges[k]) {
      if (range.stop - range.first < minimum_snippets) continue;
      Run run = measure(tracks[k], range, edges, boundary);
      if (!(run.start < run.end)) continue;
      run.class_index = classes[k];
      runs.push_back(run);
    }
  }
  return runs;
}

}  // namespace lpat
