#include "segments/simd_loops.hpp"

#include <algorithm>
#include <bit>
#include <limits>

// GCC, since 12, for Linux on x86-64 compiles these functions once for each instruction set, and the
// program takes the best that its machine has; all give the same bits. Sanitizers aren't ready yet
// when that is decided.
#if defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && defined(__x86_64__) && \
    defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
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

inline float margin_of(float score, float threshold) {
  constexpr float most = std::numeric_limits<float>::max();
  const float difference = score - threshold;
  const float bounded = difference < -most ? -most : difference;
  return bounded > most ? most : bounded;
}

template <typename Threshold>
inline Comparison compare_with(const SimdRow& before, SimdRow::Values scores, Threshold threshold,
                               float level) {
  Comparison comparison;
  std::uint32_t changed = 0;
  for (std::size_t i = 0; i < SimdRow::count; ++i) {
    const std::uint32_t above = (scores[i] - threshold(i) > level ? 1U : 0U) & before.used[i];
    comparison.above[i] = above;
    changed |= above ^ before.above[i];
  }
  comparison.changed = changed != 0;
  return comparison;
}

}  // namespace

float sigmoid(float x) { return sigmoid_of(x); }

Sums::Sums() : maximum(std::numeric_limits<float>::lowest()) {}

LPAT_FOR_EACH_CPU void Sums::add(const float* scores, const float* threshold, std::size_t count) {
  std::array<float, most> probabilities;
  for (std::size_t i = 0; i < count; ++i) {
    probabilities[i] = sigmoid_of(scores[i] - threshold[i]);
  }
  // Four sums beside each other, so that one addition needn't wait for the last.
  std::array<double, 4> probability_sums{};
  std::array<double, 4> score_sums{};
  std::array<float, 4> maxima{maximum, maximum, maximum, maximum};
  const auto take = [&](std::size_t i, std::size_t place) {
    probability_sums[place] += static_cast<double>(probabilities[i]);
    score_sums[place] += static_cast<double>(scores[i]);
    maxima[place] = maxima[place] < scores[i] ? scores[i] : maxima[place];
  };
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t place = 0; place < 4; ++place) take(i + place, place);
  }
  for (; i < count; ++i) take(i, 0);
  probability += (probability_sums[0] + probability_sums[1]) +
                 (probability_sums[2] + probability_sums[3]);
  score += (score_sums[0] + score_sums[1]) + (score_sums[2] + score_sums[3]);
  maximum = std::ranges::max(maxima);
}

LPAT_FOR_EACH_CPU Comparison compare(const SimdRow& before, SimdRow::Values scores, float threshold,
                                     float level) {
  return compare_with(before, scores, [&](std::size_t) { return threshold; }, level);
}

LPAT_FOR_EACH_CPU Comparison compare(const SimdRow& before, SimdRow::Values scores,
                                     SimdRow::Values threshold, float level) {
  return compare_with(before, scores, [&](std::size_t i) { return threshold[i]; }, level);
}

LPAT_FOR_EACH_CPU void subtract(float* scores, const float* threshold, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) scores[i] = margin_of(scores[i], threshold[i]);
}

LPAT_FOR_EACH_CPU void raise_maxima(const float* scores, float threshold, std::size_t count,
                                    float* maxima) {
  for (std::size_t i = 0; i < count; ++i) {
    const float margin = margin_of(scores[i], threshold);
    maxima[i] = maxima[i] < margin ? margin : maxima[i];
  }
}

LPAT_FOR_EACH_CPU void raise_maxima(const float* scores, const float* threshold, std::size_t count,
                                    float* maxima) {
  for (std::size_t i = 0; i < count; ++i) {
    const float margin = margin_of(scores[i], threshold[i]);
    maxima[i] = maxima[i] < margin ? margin : maxima[i];
  }
}

LPAT_FOR_EACH_CPU void count_levels(const float* values, std::size_t count,
                                    std::span<const float> levels, std::uint8_t* counts) {
  constexpr std::size_t block = block_length;
  constexpr std::size_t width = 16;
  for (std::size_t first = 0; first < count; first += block) {
    const float* here = values + first;
    std::array<float, width> maxima;
    std::copy_n(here, width, maxima.begin());
    for (std::size_t i = width; i < block; i += width) {
      for (std::size_t place = 0; place < width; ++place) {
        maxima[place] = maxima[place] < here[i + place] ? here[i + place] : maxima[place];
      }
    }
    const float highest = std::ranges::max(maxima);
    std::array<std::uint32_t, block> below{};
    for (const float level : levels) {
      if (!(level < highest)) break;
      for (std::size_t i = 0; i < block; ++i) below[i] += here[i] > level ? 1U : 0U;
    }
    for (std::size_t i = 0; i < block; ++i) {
      counts[first + i] = static_cast<std::uint8_t>(below[i]);
    }
  }
}

LPAT_FOR_EACH_CPU void sum_gates(const float* margins, std::size_t count, float sharpness,
                                 std::uint64_t* sums) {
  constexpr std::size_t width = 16;  // whole ones leave the compiler no rest to do one by one
  std::array<std::int32_t, block_length> gates;
  sums[0] = 0;
  for (std::size_t first = 0; first < count; first += block_length) {
    const std::size_t here = std::min(block_length, count - first);
    const std::size_t whole = (here + width - 1) / width * width;
    for (std::size_t i = 0; i < whole; ++i) {
      const float gate = sigmoid_of(sharpness * margins[first + i]);
      gates[i] = static_cast<std::int32_t>(gate * static_cast<float>(gate_unit));
    }
    for (std::size_t i = 0; i < here; ++i) {
      sums[first + i + 1] = sums[first + i] + static_cast<std::uint32_t>(gates[i]);
    }
  }
}

LPAT_FOR_EACH_CPU Summary summary_of(const float* values, std::size_t count) {
  // As in Sums.
  std::array<double, 4> sums{};
  std::array<float, 4> maxima;
  maxima.fill(std::numeric_limits<float>::lowest());
  const auto take = [&](std::size_t i, std::size_t place) {
    sums[place] += static_cast<double>(values[i]);
    maxima[place] = maxima[place] < values[i] ? values[i] : maxima[place];
  };
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t place = 0; place < 4; ++place) take(i + place, place);
  }
  for (; i < count; ++i) take(i, 0);
  return {(sums[0] + sums[1]) + (sums[2] + sums[3]), std::ranges::max(maxima)};
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
