// One class's scores beside its threshold, and what can be read off them around a run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "lpat/segments.hpp"

namespace lpat {

// Snippets [first, stop).
struct Range {
  std::size_t first;
  std::size_t stop;

  std::size_t length() const { return stop - first; }
};

class ClassScores {
 public:
  ClassScores(const Matrix& scores, const Matrix& threshold, std::size_t column)
      : scores_(scores),
        threshold_(threshold),
        column_(column),
        threshold_column_(threshold.columns == 1 ? 0 : column) {}

  float score(std::size_t t) const { return scores_(t, column_); }
  float threshold(std::size_t t) const { return threshold_(t, threshold_column_); }
  double margin(std::size_t t) const {
    return static_cast<double>(score(t)) - static_cast<double>(threshold(t));
  }
  // Thresholds of a range side by side: where they lie, or copied into `room`.
  const float* thresholds(Range range, std::vector<float>& room) const {
    if (threshold_.columns == 1) return threshold_.values.data() + range.first;
    room.resize(std::max(room.size(), range.length()));
    for (std::size_t i = 0; i < range.length(); ++i) room[i] = threshold(range.first + i);
    return room.data();
  }
  std::size_t snippets() const { return scores_.rows; }

 private:
  const Matrix& scores_;
  const Matrix& threshold_;
  std::size_t column_;
  std::size_t threshold_column_;
};

// What lies just outside of a run: on either side a quarter of its length, rounded down, at least
// one snippet, clipped to the video's `snippets`.
struct Flanks {
  Range before;
  Range after;

  Flanks(Range run, std::size_t snippets);
  std::size_t length() const { return before.length() + after.length(); }
};

// Time at which a line from one value at the centre of snippet t to another at that of t + 1, one of
// which is positive and the other not, is zero.
double crossing(std::span<const double> edges, std::size_t t, double value, double next);

// Sums over the snippets of a range.
double score_sum(const ClassScores& values, Range range);
double threshold_sum(const ClassScores& values, Range range);

}  // namespace lpat
