#include "lpat/predicted_ends.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "segments/class_scores.hpp"
#include "segments/score_checks.hpp"
#include "segments/simd_loops.hpp"

namespace lpat {
namespace {

void require_range(const Matrix& matrix, const std::string& name, float highest) {
  require_finite_rows(matrix, 0, matrix.rows, name);
  const auto outside = [&](float value) { return value < 0 || value > highest; };
  const auto place = std::ranges::find_if(matrix.values, outside);
  if (place == matrix.values.end()) return;
  const auto i = static_cast<std::size_t>(place - matrix.values.begin());
  throw std::invalid_argument(name + "[" + std::to_string(i / matrix.columns) + ", " +
                              std::to_string(i % matrix.columns) + "] is out of bounds: " +
                              std::to_string(*place));
}

void require_distances(const Matrix& distances, std::size_t snippets) {
  const bool fits = distances.rows == snippets && distances.columns == 2 &&
                    distances.values.size() == 2 * snippets;
  if (fits) return;
  throw std::invalid_argument("distances must have two values for each of " +
                              std::to_string(snippets) + " snippets, not " +
                              std::to_string(distances.values.size()));
}

void require_segments(std::span<const double> segments, std::size_t count) {
  if (segments.size() != 2 * count) {
    throw std::invalid_argument("segments must have " + std::to_string(2 * count) +
                                " values, two for each class, not " +
                                std::to_string(segments.size()));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const double start = segments[2 * i];
    const double end = segments[2 * i + 1];
    if (std::isfinite(start) && std::isfinite(end) && start <= end) continue;
    throw std::invalid_argument("segment " + std::to_string(i) +
                                " must be finite and end no sooner than it starts");
  }
}

// Of an even number the lower one.
double median_length(std::span<const double> edges) {
  std::vector<double> lengths;
  lengths.reserve(edges.size() - 1);
  for (std::size_t i = 1; i < edges.size(); ++i) lengths.push_back(edges[i] - edges[i - 1]);
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>((lengths.size() - 1) / 2);
  std::ranges::nth_element(lengths, middle);
  return *middle;
}

double tiou(double start, double end, double other_start, double other_end) {
  const double overlap = std::min(end, other_end) - std::max(start, other_start);
  const double hull = (end - start) + (other_end - other_start) - overlap;
  return overlap > 0 ? overlap / hull : 0;
}

// Snippets [first, stop) whose middles lie in the segment, or the nearest one; there is one.
std::pair<std::size_t, std::size_t> snippets_of(std::span<const double> middles, double start,
                                                double end) {
  const auto first = std::ranges::lower_bound(middles, start);
  const auto stop = std::upper_bound(first, middles.end(), end);
  auto place = static_cast<std::size_t>(first - middles.begin());
  if (first != stop) return {place, static_cast<std::size_t>(stop - middles.begin())};
  const double centre = start + (end - start) / 2;
  const bool before = place > 0 && (place == middles.size() ||
                                    centre - middles[place - 1] <= middles[place] - centre);
  if (before) {  // of snippets that take no time, several may have one middle
    const auto nearest = std::ranges::lower_bound(middles.first(place), middles[place - 1]);
    place = static_cast<std::size_t>(nearest - middles.begin());
  }
  return {place, place + 1};
}

void require_ends(const PredictedEnds& ends, std::span<const std::int64_t> classes) {
  require_distances(ends.distances, ends.chances.rows);
  const std::vector<float> none(ends.chances.rows);  // a threshold, which nothing here has
  require_class_scores(ends.chances, {none, ends.chances.rows, 1}, ends.edges, classes, 1);
  require_range(ends.chances, "chances", 1);
  require_range(ends.distances, "distances", std::numeric_limits<float>::max());
}

// Middles of the snippets, and what each predicts, in seconds; there is a snippet.
struct Predictions {
  std::vector<double> middles;
  std::vector<double> starts;
  std::vector<double> stops;

  explicit Predictions(const PredictedEnds& ends)
      : middles(ends.chances.rows), starts(ends.chances.rows), stops(ends.chances.rows) {
    const double unit = median_length(ends.edges);
    for (std::size_t t = 0; t < middles.size(); ++t) {
      middles[t] = ends.edges[t] + (ends.edges[t + 1] - ends.edges[t]) / 2;
      starts[t] = middles[t] - static_cast<double>(ends.distances(t, 0)) * unit;
      stops[t] = middles[t] + static_cast<double>(ends.distances(t, 1)) * unit;
    }
  }
};

void require_options(const ProposalOptions& options) {
  const auto share = [](double value, const std::string& name) {
    if (value >= 0 && value <= 1) return;
    throw std::invalid_argument(name + " must be from 0 to 1, not " + std::to_string(value));
  };
  share(options.lowest_chance, "lowest_chance");
  share(options.highest_share, "highest_share");
  constexpr double most = std::numeric_limits<float>::max();
  if (options.sharpness > 0 && options.sharpness <= most) return;
  throw std::invalid_argument("sharpness must be positive and finite, not " +
                              std::to_string(options.sharpness));
}

// Margins of a class, and sums of their gates.
class Gates {
 public:
  Gates(const ClassScores& values, double sharpness)
      : margins_(values.snippets() + block_length), sums_(values.snippets() + 1) {
    const std::size_t snippets = values.snippets();
    for (std::size_t t = 0; t < snippets; ++t) margins_[t] = values.score(t);
    std::vector<float> room;
    subtract(margins_.data(), values.thresholds({0, snippets}, room), snippets);
    sum_gates(margins_.data(), snippets, static_cast<float>(sharpness), sums_.data());
  }

  double peak(Range range) const {
    return static_cast<double>(summary_of(&margins_[range.first], range.length()).maximum);
  }

  double contrast(Range range) const {
    const Flanks flanks(range, sums_.size() - 1);
    const double outside = flanks.length() == 0 ? 0.5
                                                : (sum(flanks.before) + sum(flanks.after)) /
                                                      static_cast<double>(flanks.length());
    return sum(range) / static_cast<double>(range.length()) - outside;
  }

 private:
  double sum(Range range) const {
    return static_cast<double>(sums_[range.stop] - sums_[range.first]) / gate_unit;
  }

  std::vector<float> margins_;  // with room for a block
  std::vector<std::uint64_t> sums_;
};

// Whether a snippet's chance is at least those of both neighbours.
bool is_peak(const Matrix& chances, std::size_t t, std::size_t column) {
  const float here = chances(t, column);
  return (t == 0 || here >= chances(t - 1, column)) &&
         (t + 1 == chances.rows || here >= chances(t + 1, column));
}

}  // namespace

std::vector<double> fit_segments(const PredictedEnds& ends, std::span<const double> segments,
                                 std::span<const std::int64_t> classes) {
  const Matrix& chances = ends.chances;
  require_ends(ends, classes);
  require_segments(segments, classes.size());
  std::vector<double> fits(classes.size(), 0.0);
  if (chances.rows == 0) return fits;

  const Predictions predicted(ends);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const double start = segments[2 * i];
    const double end = segments[2 * i + 1];
    const auto column = static_cast<std::size_t>(classes[i]);
    const auto [first, stop] = snippets_of(predicted.middles, start, end);
    for (std::size_t t = first; t < stop; ++t) {
      const double chance = static_cast<double>(chances(t, column));
      fits[i] = std::max(fits[i], tiou(start, end, predicted.starts[t], predicted.stops[t]) *
                                      std::sqrt(chance));
    }
  }
  return fits;
}

std::vector<Proposal> propose_segments(const PredictedEnds& ends, const Matrix& scores,
                                       const Matrix& threshold,
                                       std::span<const std::int64_t> classes,
                                       const ProposalOptions& options) {
  const Matrix& chances = ends.chances;
  require_options(options);
  require_ends(ends, classes);
  require_class_scores(scores, threshold, ends.edges, classes, 1);
  require_finite_rows(scores, 0, scores.rows, "scores");
  require_finite_rows(threshold, 0, threshold.rows, "threshold");
  std::vector<Proposal> proposals;
  if (chances.rows == 0) return proposals;

  const Predictions predicted(ends);
  for (const auto label : classes) {
    const auto column = static_cast<std::size_t>(label);
    float highest = 0;
    for (std::size_t t = 0; t < chances.rows; ++t) highest = std::max(highest, chances(t, column));
    const double least = std::max(options.lowest_chance,
                                  options.highest_share * static_cast<double>(highest));
    const Gates gates(ClassScores(scores, threshold, column), options.sharpness);
    for (std::size_t t = 0; t < chances.rows; ++t) {
      const auto chance = static_cast<double>(chances(t, column));
      if (chance < least || !is_peak(chances, t, column)) continue;
      const double start = std::max(predicted.starts[t], ends.edges.front());
      const double end = std::min(predicted.stops[t], ends.edges.back());
      if (!(start < end)) continue;
      const auto [first, stop] = snippets_of(predicted.middles, start, end);
      proposals.push_back({.class_index = label,
                           .snippet = static_cast<std::int64_t>(t),
                           .start = start,
                           .end = end,
                           .chance = chance,
                           .peak = gates.peak({first, stop}),
                           .contrast = gates.contrast({first, stop})});
    }
  }
  return proposals;
}

}  // namespace lpat
