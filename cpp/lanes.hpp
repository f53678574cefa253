// Loops over many floats at once, which the compiler turns into vector instructions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

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

// Whether a value is infinite or not a number.
bool any_infinite(const float* values, std::size_t count);

// 1 / (1 + exp(-x)), to within a millionth of it where x is at least -87, and of exp(-87) below.
float sigmoid(float x);

}  // namespace lpat
