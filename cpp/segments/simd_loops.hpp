// Loops over many floats at once, which the compiler turns into vector instructions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lpat {

// Neighbouring classes that are compared at once. There are more than 16 because GCC unrolls shorter
// loops first, and then doesn't vectorise them.
struct SimdRow {
  static constexpr std::size_t count = 32;
  using Flags = std::array<std::uint32_t, count>;
  using Values = const float*;  // one value for each class

  Flags used{};   // 1 for places that hold a class; 0 for what follows the last
  Flags above{};  // 1 where the margin exceeds the level
};

// Where the margin, score - threshold, exceeds a level, and whether that differs from what was. One
// threshold for all classes, or one for each.
struct Comparison {
  SimdRow::Flags above;
  bool changed;
};
Comparison compare(const SimdRow& before, SimdRow::Values scores, float threshold, float level);
Comparison compare(const SimdRow& before, SimdRow::Values scores, SimdRow::Values threshold,
                   float level);

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

// Margins are differences of floats, or the largest or the lowest float where none holds that.

// Makes margins of so many scores.
void subtract(float* scores, const float* threshold, std::size_t count);

// Raises each of `count` maxima to the margins of a row. One threshold for all, or one for each.
void raise_maxima(const float* scores, float threshold, std::size_t count, float* maxima);
void raise_maxima(const float* scores, const float* threshold, std::size_t count, float* maxima);

// Counts of the `levels`, which don't decrease, below each of `count` values, whole blocks.
inline constexpr std::size_t block_length = 64;
void count_levels(const float* values, std::size_t count, std::span<const float> levels,
                  std::uint8_t* counts);

// Sums of sigmoid(sharpness * margin) over the snippets before each, `count` + 1 of them, in whole
// units, so that differences of sums are exact. Margins must have room up to a whole block.
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
