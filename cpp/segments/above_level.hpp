// Which classes lie above a level, row by row, in the order in which scores lie in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lpat/segments.hpp"
#include "segments/simd_loops.hpp"

namespace lpat {

class AboveLevel {
 public:
  // Of the margin, score - threshold.
  AboveLevel(const Matrix& scores, const Matrix& threshold, std::span<const std::int64_t> classes,
             float level)
      : scores_(scores),
        threshold_(threshold),
        classes_(classes),
        level_(level),
        simd_rows_((classes.size() + SimdRow::count - 1) / SimdRow::count),
        score_row_(simd_rows_.size() * SimdRow::count),
        threshold_row_(shared() ? 0 : score_row_.size()) {
    for (std::size_t k = 0; k < classes.size(); ++k) {
      simd_rows_[k / SimdRow::count].used[k % SimdRow::count] = 1;
    }
    const auto follows = [](std::int64_t label, std::int64_t next) { return next == label + 1; };
    consecutive_ = !classes.empty() && std::ranges::adjacent_find(
                                           classes, std::not_fn(follows)) == classes.end();
  }

  // Whether class k does, in the latest row.
  bool operator()(std::size_t k) const {
    return simd_rows_[k / SimdRow::count].above[k % SimdRow::count] != 0;
  }

  // Takes row t, the next: calls change(k, above) of each class that isn't as in the row before.
  template <typename Change>
  void step(std::size_t t, Change change) {
    const SimdRow::Values scores = in_order(scores_, t, score_row_);
    const SimdRow::Values thresholds = shared() ? nullptr : in_order(threshold_, t, threshold_row_);
    for (std::size_t n = 0; n < simd_rows_.size(); ++n) {
      const std::size_t offset = n * SimdRow::count;
      const auto now = shared()
                           ? compare(simd_rows_[n], scores + offset, threshold_(t, 0), level_)
                           : compare(simd_rows_[n], scores + offset, thresholds + offset, level_);
      if (now.changed) turn(n, now.above, change);
    }
  }

  // Past the last row, no class does.
  template <typename Change>
  void finish(Change change) {
    for (std::size_t n = 0; n < simd_rows_.size(); ++n) turn(n, {}, change);
  }

 private:
  bool shared() const { return threshold_.columns == 1; }

  // A row's values in the order of the classes, with room for what follows the last: where they
  // lie, or copied into `row`.
  SimdRow::Values in_order(const Matrix& matrix, std::size_t t, std::vector<float>& row) const {
    const auto values = matrix.values.subspan(t * matrix.columns);
    if (consecutive_) {
      const auto first = static_cast<std::size_t>(classes_.front());
      if (values.size() - first >= row.size()) return values.data() + first;
    }
    std::ranges::transform(classes_, row.begin(), [&](std::int64_t label) {
      return values[static_cast<std::size_t>(label)];
    });
    return row.data();
  }

  template <typename Change>
  void turn(std::size_t n, const SimdRow::Flags& above, Change& change) {
    for (std::size_t i = 0; i < SimdRow::count; ++i) {
      if (above[i] != simd_rows_[n].above[i]) change(n * SimdRow::count + i, above[i] != 0);
    }
    simd_rows_[n].above = above;
  }

  const Matrix& scores_;
  const Matrix& threshold_;
  std::span<const std::int64_t> classes_;
  float level_;
  bool consecutive_ = false;  // classes are columns side by side
  std::vector<SimdRow> simd_rows_;  // of the classes, so many in each
  std::vector<float> score_row_;
  std::vector<float> threshold_row_;
};

}  // namespace lpat
