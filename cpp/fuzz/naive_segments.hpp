// The naive twin of segments.cpp: what its header says, in the plainest way.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "lpat/segments.hpp"

inline bool acceptable(const lpat::Matrix& scores, const lpat::Matrix& threshold,
                       std::span<const double> edges, std::span<const std::int64_t> classes,
                       std::size_t minimum_snippets) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const auto whole = [](const lpat::Matrix& matrix) {
    return matrix.values.size() == matrix.rows * matrix.columns;
  };
  return whole(scores) && whole(threshold) && threshold.rows == scores.rows &&
         (threshold.columns == 1 || threshold.columns == scores.columns) &&
         edges.size() == scores.rows + 1 && minimum_snippets > 0 &&
         std::ranges::all_of(scores.values, finite) &&
         std::ranges::all_of(threshold.values, finite) && std::ranges::all_of(edges, finite) &&
         std::ranges::is_sorted(edges) && std::ranges::all_of(classes, [&](std::int64_t label) {
           return label >= 0 && static_cast<std::size_t>(label) < scores.columns;
         });
}

// One class: its scores and thresholds, a value per snippet.
class NaiveScores {
 public:
  NaiveScores(const lpat::Matrix& scores, const lpat::Matrix& threshold,
             std::span<const double> edges, std::int64_t label)
      : edges_(edges), label_(label) {
    const auto column = static_cast<std::size_t>(label);
    for (std::size_t t = 0; t < scores.rows; ++t) {
      scores_.push_back(scores(t, column));
      thresholds_.push_back(threshold(t, threshold.columns == 1 ? 0 : column));
    }
  }

  bool maximal(std::size_t first, std::size_t stop) const {
    for (std::size_t t = first; t < stop; ++t) {
      if (!above(t)) return false;
    }
    return (first == 0 || !above(first - 1)) && (stop == scores_.size() || !above(stop));
  }

  lpat::Run run(std::size_t first, std::size_t stop, lpat::Boundary boundary) const {
    lpat::Run run;
    run.class_index = label_;
    run.first = static_cast<std::int64_t>(first);
    run.stop = static_cast<std::int64_t>(stop);
    const bool cross = boundary == lpat::Boundary::crossing;
    run.start = cross && first > 0 ? crossing(first - 1) : edges_[first];
    run.end = cross && stop < scores_.size() ? crossing(stop - 1) : edges_[stop];
    std::vector<double> probabilities;
    std::vector<double> margins;
    for (std::size_t t = first; t < stop; ++t) {
      margins.push_back(scores_[t] - thresholds_[t]);
      probabilities.push_back(1 / (1 + std::exp(-margins.back())));
    }
    const std::vector<double> inside(begin(scores_, first), begin(scores_, stop));
    run.mean_probability = mean(probabilities);
    run.mean_margin = mean(margins);
    run.maximum_score = std::ranges::max(inside);
    const std::size_t width = std::max<std::size_t>(1, (stop - first) / 4);
    std::vector<double> outside;
    for (std::size_t t = 0; t < scores_.size(); ++t) {
      const bool before = t < first && t + width >= first;
      const bool after = t >= stop && t < stop + width;
      if (before || after) outside.push_back(scores_[t]);
    }
    if (outside.empty()) outside.assign(begin(thresholds_, first), begin(thresholds_, stop));
    run.contrast = mean(inside) - mean(outside);
    return run;
  }

 private:
  using Values = std::vector<double>;

  static Values::const_iterator begin(const Values& values, std::size_t t) {
    return values.begin() + static_cast<std::ptrdiff_t>(t);
  }
  static double mean(const Values& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  bool above(std::size_t t) const { return scores_[t] > thresholds_[t]; }

  double crossing(std::size_t t) const {
    const double from = std::midpoint(edges_[t], edges_[t + 1]);
    const double to = std::midpoint(edges_[t + 1], edges_[t + 2]);
    const double before = std::abs(scores_[t] - thresholds_[t]);
    const double after = std::abs(scores_[t + 1] - thresholds_[t + 1]);
    return std::clamp(from + (to - from) * (before / (before + after)), from, to);
  }

  Values scores_;
  Values thresholds_;
  std::span<const double> edges_;
  std::int64_t label_;
};

inline std::vector<lpat::Run> naive_segments(const lpat::Matrix& scores,
                                             const lpat::Matrix& threshold,
                                             std::span<const double> edges,
                                             std::span<const std::int64_t> classes,
                                             lpat::Boundary boundary,
                                             std::size_t minimum_snippets) {
  std::vector<lpat::Run> runs;
  for (const std::int64_t label : classes) {
    const NaiveScores values(scores, threshold, edges, label);
    for (std::size_t first = 0; first < scores.rows; ++first) {
      for (std::size_t stop = first + minimum_snippets; stop <= scores.rows; ++stop) {
        if (!values.maximal(first, stop)) continue;
        const lpat::Run run = values.run(first, stop, boundary);
        if (run.start < run.end) runs.push_back(run);
      }
    }
  }
  return runs;
}
