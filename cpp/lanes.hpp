// Sums over open runs, several tracks at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lpat {

// The open runs of neighbouring tracks. The loops over lanes are plain, so that the compiler does
// several lanes at once. There are more than 16 of them because GCC unrolls shorter loops first, and
// then doesn't.
struct Lanes {
  static constexpr std::size_t count = 32;
  using Row = const float*;  // one value for each lane

  std::array<std::uint32_t, count> above{};  // 1 where a run is open
  std::array<std::size_t, count> first{};    // its first snippet
  std::array<double, count> probability{};   // its sum of sigmoid(score - threshold)
  std::array<double, count> score{};         // its sum of scores
  std::array<float, count> maximum{};        // its largest score

  void open(std::size_t lane, std::size_t snippet);

  // One snippet more. The sums of lanes where no run is open grow too, and mean nothing.
  void add(Row scores, Row threshold);
};

// Where scores exceed the threshold, as Lanes::above has it.
struct Comparison {
  std::array<std::uint32_t, Lanes::count> above;
  bool any;
  bool changed;  // from what it was
};
Comparison compare(const Lanes& lanes, Lanes::Row scores, Lanes::Row threshold);

// Whether a value is infinite or not a number.
bool any_infinite(const float* values, std::size_t count);

// 1 / (1 + exp(-x)), to within a millionth of it where x is at least -87, and of exp(-87) below.
float sigmoid(float x);

}  // namespace lpat
