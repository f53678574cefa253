// The naive twin of level_sets.cpp: what its header says, in the plainest way.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "lpat/level_sets.hpp"

inline bool acceptable(const lpat::LevelOptions& options) {
  constexpr double most = std::numeric_limits<float>::max();
  return options.lowest >= -most && options.lowest <= 0 && options.highest_share >= 0 &&
         options.highest_share <= 1 && options.count >= 1 && options.count <= 64 &&
         options.sharpness > 0 && options.sharpness <= most;
}

// One class: its margins, a value per snippet.
class NaiveMargins {
 public:
  NaiveMargins(const lpat::Matrix& scores, const lpat::Matrix& threshold,
               std::span<const double> edges, std::int64_t label,
               const lpat::LevelOptions& options)
      : edges_(edges), label_(label), options_(options) {
    constexpr float most = std::numeric_limits<float>::max();
    const auto column = static_cast<std::size_t>(label);
    for (std::size_t t = 0; t < scores.rows; ++t) {
      const float margin = scores(t, column) - threshold(t, threshold.columns == 1 ? 0 : column);
      margins_.push_back(std::clamp(margin, -most, most));
      const float sharpened = static_cast<float>(options.sharpness) * margins_.back();
      gates_.push_back(1 / (1 + std::exp(-static_cast<double>(sharpened))));
    }
  }

  std::vector<float> levels() const {
    if (options_.count == 1) return {0};
    std::vector<float> levels{static_cast<float>(options_.lowest), 0};
    if (margins_.empty()) return levels;
    const double highest = std::ranges::max(margins_);
    for (std::size_t k = 1; highest > 0 && k + 2 <= options_.count; ++k) {
      const double last = options_.highest_share * highest;
      levels.push_back(static_cast<float>(last * static_cast<double>(k) /
                                          static_cast<double>(options_.count - 2)));
    }
    return levels;
  }

  bool maximal(std::size_t first, std::size_t stop, float level) const {
    for (std::size_t t = first; t < stop; ++t) {
      if (!(margins_[t] > level)) return false;
    }
    return (first == 0 || !(margins_[first - 1] > level)) &&
           (stop == margins_.size() || !(margins_[stop] > level));
  }

  lpat::LevelSet set(std::size_t first, std::size_t stop, double level) const {
    lpat::LevelSet set;
    set.class_index = label_;
    set.first = static_cast<std::int64_t>(first);
    set.stop = static_cast<std::int64_t>(stop);
    set.level = level;
    const bool cross = options_.boundary == lpat::Boundary::crossing;
    set.start = cross && first > 0 ? crossing(first - 1, level) : edges_[first];
    set.end = cross && stop < margins_.size() ? crossing(stop - 1, level) : edges_[stop];
    std::vector<double> inside;
    std::vector<double> outside;
    const std::size_t width = std::max<std::size_t>(1, (stop - first) / 4);
    set.peak = margins_[first];
    for (std::size_t t = 0; t < margins_.size(); ++t) {
      const bool before = t < first && t + width >= first;
      const bool after = t >= stop && t < stop + width;
      if (before || after) outside.push_back(gates_[t]);
      if (t < first || t >= stop) continue;
      inside.push_back(gates_[t]);
      set.mean_margin += margins_[t] / static_cast<double>(stop - first);
      set.peak = std::max<double>(set.peak, margins_[t]);
    }
    if (outside.empty()) outside.push_back(0.5);
    set.mean_gate = mean(inside);
    set.contrast = mean(inside) - mean(outside);
    return set;
  }

 private:
  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  double crossing(std::size_t t, double level) const {
    const double from = std::midpoint(edges_[t], edges_[t + 1]);
    const double to = std::midpoint(edges_[t + 1], edges_[t + 2]);
    const double before = std::abs(margins_[t] - level);
    const double after = std::abs(margins_[t + 1] - level);
    return std::clamp(from + (to - from) * (before / (before + after)), from, to);
  }

  std::span<const double> edges_;
  std::int64_t label_;
  const lpat::LevelOptions& options_;
  std::vector<float> margins_;
  std::vector<double> gates_;
};

inline std::vector<lpat::LevelSet> naive_level_sets(const lpat::Matrix& scores,
                                                    const lpat::Matrix& threshold,
                                                    std::span<const double> edges,
                                                    std::span<const std::int64_t> classes,
                                                    const lpat::LevelOptions& options) {
  std::vector<lpat::LevelSet> sets;
  for (const std::int64_t label : classes) {
    const NaiveMargins margins(scores, threshold, edges, label, options);
    const auto all_levels = margins.levels();
    for (std::size_t first = 0; first < scores.rows; ++first) {
      for (std::size_t stop = scores.rows; stop >= first + options.minimum_snippets; --stop) {
        std::vector<float> levels;
        for (const float level : all_levels) {
          if (margins.maximal(first, stop, level)) levels.push_back(level);
        }
        if (levels.empty()) continue;
        const lpat::LevelSet set = margins.set(first, stop, levels[(levels.size() - 1) / 2]);
        if (set.start < set.end) sets.push_back(set);
      }
    }
  }
  return sets;
}
