// Which tracks lie above a level, row by row, in the order in which scores lie in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lanes.hpp"
#include "lpat/segments.hpp"

namespace lpat {

class Above {
 public:
  // Of the margin, score - threshold.
  Above(const Matrix& scores, const Matrix& threshold, std::span<const std::int64_t> classes,
        float level)
      : scores_(scores),
        threshold_(threshold),
        classes_(classes),
        level_(level),
        lanes_((classes.size() + Lanes::count - 1) / Lanes::count),
        score_row_(lanes_.size() * Lanes::count),
        threshold_row_(shared() ? 0 : score_row_.size()) {
    for (std::size_t k = 0; k < classes.size(); ++k) {
      lanes_[k / Lanes::count].used[k % Lanes::count] = 1;
    }
    const auto follows = [](std::int64_t label, std::int64_t next) { return next == label + 1; };
    consecutive_ = !classes.empty() && std::ranges::adjacent_find(
                                           classes, std::not_fn(follows)) == classes.end();
  }

  // Whether track k does, in the latest row.
  bool operator()(std::size_t k) const {
    return lanes_[k / Lanes::count].above[k % Lanes::count] != 0;
  }

  // Takes row t, the next: calls change(k, above) of each track that isn't as in the row before.
  template <typename Change>
  void step(std::size_t t, Change change) {
    const Lanes::Row scores = in_order(scores_, t, score_row_);
    const Lanes::Row thresholds = shared() ? nullptr : in_order(threshold_, t, threshold_row_);
    for (std::size_t n = 0; n < lanes_.size(); ++n) {
      const std::size_t offset = n * Lanes::count;
      const auto now = shared()
                           ? compare(lanes_[n], scores + offset, threshold_(t, 0), level_)
                           : compare(lanes_[n], scores + offset, thresholds + offset, level_);
      if (now.changed) turn(n, now.above, change);
    }
  }

  // Past the last row, no track does.
  template <typename Change>
  void finish(Change change) {
    for (std::size_t n = 0; n < lanes_.size(); ++n) turn(n, {}, change);
  }

 private:
  bool shared() const { return threshold_.columns == 1; }

  // A row's values in the order of the tracks, with room for the lanes after the last: where they
  // lie, or copied into `row`.
  Lanes::Row in_order(const Matrix& matrix, std::size_t t, std::vector<float>& row) const {
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
  void turn(std::size_t n, const Lanes::Flags& above, Change& change) {
    for (std::size_t lane = 0; lane < Lanes::count; ++lane) {
      if (above[lane] != lanes_[n].above[lane]) change(n * Lanes::count + lane, above[lane] != 0);
    }
    lanes_[n].above = above;
  }

  const Matrix& scores_;
  const Matrix& threshold_;
  std::span<const std::int64_t> classes_;
  float level_;
  bool consecutive_ = false;  // tracks are columns side by side
  std::vector<Lanes> lanes_;  // of the tracks, so many in each
  std::vector<float> score_row_;
  std::vector<float> threshold_row_;
};

}  // namespace lpat
