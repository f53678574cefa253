#include "segments/class_scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lpat {

Flanks::Flanks(Range run, std::size_t snippets) {
  const std::size_t width = std::max<std::size_t>(1, run.length() / 4);
  before = {run.first - std::min(width, run.first), run.first};
  after = {run.stop, std::min(run.stop + width, snippets)};
}

double crossing(std::span<const double> edges, std::size_t t, double value, double next) {
  const double from = std::midpoint(edges[t], edges[t + 1]);
  const double to = std::midpoint(edges[t + 1], edges[t + 2]);
  const double before = std::abs(value);
  const double after = std::abs(next);
  return std::clamp(from + (to - from) * (before / (before + after)), from, to);
}

double score_sum(const ClassScores& values, Range range) {
  double sum = 0;
  for (std::size_t t = range.first; t < range.stop; ++t) sum += static_cast<double>(values.score(t));
  return sum;
}

double threshold_sum(const ClassScores& values, Range range) {
  double sum = 0;
  for (std::size_t t = range.first; t < range.stop; ++t) sum += static_cast<double>(values.threshold(t));
  return sum;
}

}  // namespace lpat
