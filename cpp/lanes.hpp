// Loops over many floats at once, which the compiler turns into vector instructions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lpat {

// Neighbouring tracks that are compared at once. There are more than 16 because GCC unrolls shorter
// loops first, and then doesn't vectorise them.
struct Lanes {
  static constexpr std::size_t count = 32;
  using Flags = std::array<std::uint32_t, count>;
  using Row = const float*;  // one value for each lane

  Flags used{};   // 1 for lanes that are tracks; 0 for what follows the last
  Flags above{};  // 1 where the score exceeds the threshold
};

// Where scores exceed the threshold, and whether that differs from what was. One threshold for all
// lanes, or one for each.
struct Comparison {
  Lanes::Flags above;
  bool changed;
};
Comparison compare(const Lanes& before, Lanes::Row scores, float threshold);
Comparison compare(const Lanes& before, Lanes::Row scores, Lanes::Row threshold);

// Sums over the snippets of a run.
struct Sums {
  static constexpr std::size_t most = 128;  // snippets that are added at once

  double probability = 0;  // of sigmoid(score - threshold)
  double score = 0;
  float maximum;  // of the scores

  Sums();
  // `count` snippets more, at most so many.
  void add(const float* scores, const float* threshold, std::size_t count);
};

// So many snippets by so many columns of a matrix, row by row, which the cache holds at once.
struct Tile {
  static constexpr std::size_t rows = 64;
  static constexpr std::size_t columns = 16;
  using Row = std::array<float, columns>;
  std::array<Row, rows> values;

  // Each column in one piece, `stride` after the one before.
  void transpose(float* columns_out, std::size_t stride) const;
};

// Takes from each score its threshold, and raises each column's maximum to the differences. One that
// no float holds becomes the largest, or the lowest, that there is.
void subtract(Tile& scores, const Tile& threshold, Tile::Row& maxima);

// Counts of the `levels`, which don't decrease, below each of `count` values, whole tiles of rows.
void count_levels(const float* values, std::size_t count, std::span<const float> levels,
                  std::uint8_t* counts);

// Sums of sigmoid(sharpness * margin) over the snippets before each, `count` + 1 of them, in whole
// units, so that differences of sums are exact.
inline constexpr double gate_unit = 1 << 26;  // so many in 1
void sum_gates(const float* margins, std::size_t count, float sharpness, std::uint64_t* sums);

// Sum and maximum of so many values.
struct Summary {
  double sum;
  float maximum;
};
Summary summary_of(const float* values, std::size_t count);

// Whether a value is infinite or not a number.
bool any_infinite(const float* values, std::size_t count);

// 1 / (1 + exp(-x)), to within a millionth of it where x is at least -87, and of exp(-87) below.
float sigmoid(float x);

}  // namespace lpat
