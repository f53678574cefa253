// What all ways from scores to segments take, made of a fuzz target's bytes.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "bytes.hpp"
#include "lpat/segments.hpp"

class ScoreInput {
 public:
  explicit ScoreInput(Bytes& bytes) {
    const bool large = bytes.one_in(8);  // more classes and snippets than are computed at once
    rows_ = bytes.below(!large ? 13 : bytes.one_in(8) ? 200 : 48);
    columns_ = 1 + bytes.below(large ? 48 : 3);
    threshold_columns_ = bytes.breaks() ? 2 : bytes.below(2) == 0 ? 1 : columns_;
    boundary = bytes.below(2) == 0 ? lpat::Boundary::snippet : lpat::Boundary::crossing;
    minimum_snippets = bytes.breaks() ? 0 : 1 + (bytes.one_in(4) ? bytes.below(4) : 0);
    const bool all = bytes.below(2) == 0;
    classes.resize(bytes.breaks() ? 0 : all ? columns_ : 1 + bytes.below(columns_));
    for (std::size_t i = 0; i < classes.size(); ++i) {
      classes[i] = all ? static_cast<std::int64_t>(i) : bytes.index(columns_);
    }
    const int lowering = bytes.one_in(2) ? static_cast<int>(bytes.below(5)) : 0;  // for long runs
    scores_ = matrix_values(bytes, rows_, columns_, 0);
    thresholds_ = matrix_values(bytes, rows_, threshold_columns_, -lowering);
    if (rows_ > 0 && bytes.breaks()) scores_.pop_back();
    if (rows_ > 0 && bytes.breaks()) thresholds_.pop_back();
    make_edges(bytes);
    threshold_rows_ = rows_ - (rows_ > 0 && bytes.breaks() ? 1 : 0);
  }

  lpat::Matrix scores() const { return {scores_, rows_, columns_}; }
  lpat::Matrix threshold() const { return {thresholds_, threshold_rows_, threshold_columns_}; }
  double score_scale() const { return std::max(largest(scores_), largest(thresholds_)); }
  double time_scale() const {
    return std::max({1.0, std::abs(edges.front()), std::abs(edges.back())});
  }

  std::vector<double> edges;
  std::vector<std::int64_t> classes;
  lpat::Boundary boundary;
  std::size_t minimum_snippets;

 private:
  static std::vector<float> matrix_values(Bytes& bytes, std::size_t rows, std::size_t columns,
                                          int middle) {
    std::vector<float> values(rows * columns);
    for (auto& value : values) value = bytes.number<float>(middle - 2, middle + 2);
    return values;
  }

  static double largest(const std::vector<float>& values) {
    double largest = 1;
    for (const float value : values) largest = std::max<double>(largest, std::abs(value));
    return largest;
  }

  void make_edges(Bytes& bytes) {
    edges.push_back(bytes.number<double>(-1, 1));
    for (std::size_t t = 0; t < rows_; ++t) {
      const double previous = edges.back();
      edges.push_back(bytes.breaks() ? bytes.number<double>(-1, 1)
                                     : previous + bytes.number<double>(0, 2));
    }
    if (bytes.breaks()) edges.pop_back();
  }

  std::size_t rows_;
  std::size_t columns_;
  std::size_t threshold_rows_;
  std::size_t threshold_columns_;
  std::vector<float> scores_;
  std::vector<float> thresholds_;
};
