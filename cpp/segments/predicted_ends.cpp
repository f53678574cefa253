#include "lpat/predicted_ends.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "segments/score_checks.hpp"

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
  place -= before ? 1 : 0;
  return {place, place + 1};
}

}  // namespace

std::vector<double> fit_segments(const PredictedEnds& ends, std::span<const double> segments,
                                 std::span<const std::int64_t> classes) {
  const Matrix& chances = ends.chances;
  const std::size_t snippets = chances.rows;
  require_distances(ends.distances, snippets);
  const std::vector<float> none(snippets);  // a threshold, which nothing here has
  require_class_scores(chances, {none, snippets, 1}, ends.edges, classes, 1);
  require_range(chances, "chances", 1);
  require_range(ends.distances, "distances", std::numeric_limits<float>::max());
  require_segments(segments, classes.size());
  std::vector<double> fits(classes.size(), 0.0);
  if (snippets == 0) return fits;

  const double unit = median_length(ends.edges);
  std::vector<double> middles(snippets);
  std::vector<double> starts(snippets);
  std::vector<double> stops(snippets);
  for (std::size_t t = 0; t < snippets; ++t) {
    middles[t] = ends.edges[t] + (ends.edges[t + 1] - ends.edges[t]) / 2;
    starts[t] = middles[t] - static_cast<double>(ends.distances(t, 0)) * unit;
    stops[t] = middles[t] + static_cast<double>(ends.distances(t, 1)) * unit;
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const double start = segments[2 * i];
    const double end = segments[2 * i + 1];
    const auto column = static_cast<std::size_t>(classes[i]);
    const auto [first, stop] = snippets_of(middles, start, end);
    for (std::size_t t = first; t < stop; ++t) {
      const double chance = static_cast<double>(chances(t, column));
      fits[i] = std::max(fits[i], tiou(start, end, starts[t], stops[t]) * std::sqrt(chance));
    }
  }
  return fits;
}

}  // namespace lpat
