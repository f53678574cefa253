#include "lanes.hpp"

#include <algorithm>
#include <bit>
#include <limits>

// GCC for Linux on x86-64 compiles these functions once for each instruction set, and the program
// takes the best that its machine has; all give the same bits. Sanitizers aren't ready yet when that
// is decided.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LPAT_FOR_EACH_CPU \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LPAT_FOR_EACH_CPU
#endif

namespace lpat {
namespace {

inline float sigmoid_of(float x) {
  constexpr float log2_e = 1.44269504F;
  constexpr float ln_2_high = 0.693359375F;  // few bits: products with small whole numbers are exact
  constexpr float ln_2_low = -2.12194440e-4F;
  constexpr float rounder = 12582912;  // 1.5 * 2^23: floats of this size are whole numbers
  // exp(-x) = 2^n exp(r), |r| <= ln 2 / 2; bounds keep 2^n a normal float.
  const float bounded = x < -87.0F ? -87.0F : x;
  const float power = bounded > 87.0F ? -87.0F : -bounded;
  const float shifted = power * log2_e + rounder;
  const float n = shifted - rounder;
  const float r = (power - n * ln_2_high) - n * ln_2_low;
  // Taylor's series, to the seventh power.
  float exponential = 1 / 720.0F + r * (1 / 5040.0F);
  exponential = 1 / 24.0F + r * (1 / 120.0F + r * exponential);
  exponential = 1 / 2.0F + r * (1 / 6.0F + r * exponential);
  exponential = 1 + r * (1 + r * exponential);
  const std::uint32_t power_of_two = (std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U;
  return 1 / (1 + exponential * std::bit_cast<float>(power_of_two));
}

}  // namespace

float sigmoid(float x) { return sigmoid_of(x); }

void Lanes::open(std::size_t lane, std::size_t snippet) {
  first[lane] = snippet;
  probability[lane] = score[lane] = 0;
  maximum[lane] = -std::numeric_limits<float>::infinity();
}

LPAT_FOR_EACH_CPU void Lanes::add(Row scores, Row threshold) {
  for (std::size_t i = 0; i < count; ++i) score[i] += static_cast<double>(scores[i]);
  for (std::size_t i = 0; i < count; ++i) {
    maximum[i] = maximum[i] < scores[i] ? scores[i] : maximum[i];
  }
  for (std::size_t i = 0; i < count; ++i) {
    probability[i] += static_cast<double>(sigmoid_of(scores[i] - threshold[i]));
  }
}

LPAT_FOR_EACH_CPU Comparison compare(const Lanes& lanes, Lanes::Row scores, Lanes::Row threshold) {
  Comparison comparison;
  std::uint32_t any = 0;
  std::uint32_t changed = 0;
  for (std::size_t i = 0; i < Lanes::count; ++i) {
    const std::uint32_t above = scores[i] > threshold[i] ? 1U : 0U;
    comparison.above[i] = above;
    any |= above;
    changed |= above ^ lanes.above[i];
  }
  comparison.any = any != 0;
  comparison.changed = changed != 0;
  return comparison;
}

// The exponent's bits are all set where a float is infinite or not a number. Whole numbers, unlike
// floats, may be combined in whatever order is fastest.
LPAT_FOR_EACH_CPU bool any_infinite(const float* values, std::size_t count) {
  constexpr std::uint32_t exponent = 0x7f800000;
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    found |= (std::bit_cast<std::uint32_t>(values[i]) & exponent) == exponent ? 1U : 0U;
  }
  return found != 0;
}

}  // namespace lpat
