// Loops over the sample that the camera's motion is fitted on. For kernels.hpp.
#pragma once

#include <string.h>

#include "motion/kernels.hpp"
#include "flow/independent.hpp"

namespace lpat::motion {
namespace {

// Adds in an order that doesn't depend on the width of registers.
inline float sum_of_lanes(const float* lanes) {
  float sum = 0;
  for (std::ptrdiff_t i = 0; i < lane_count; ++i) sum += lanes[i];
  return sum;
}

inline float dot(const float* one, const float* other, std::ptrdiff_t padded) {
  float lanes[lane_count] = {};
  for (std::ptrdiff_t x = 0; x < padded; x += lane_count) {
    for (std::ptrdiff_t i = 0; i < lane_count; ++i) lanes[i] += one[x + i] * other[x + i];
  }
  return sum_of_lanes(lanes);
}

inline std::int32_t count_up_to(const std::int32_t* keys, std::ptrdiff_t padded,
                                std::int32_t most) {
  std::int32_t count = 0;
  for (std::ptrdiff_t i = 0; i < padded; ++i) count += keys[i] <= most ? 1 : 0;
  return count;
}

inline float value_of(std::int32_t key) {
  const std::int32_t bits = key < 0 ? key ^ 0x7FFFFFFF : key;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// By halving the range of the keys, whole numbers in the order of the values: no branch depends on a
// single value, and a dozen rounds separate the halves as a rule.
inline float median(const float* values, std::ptrdiff_t count, std::ptrdiff_t padded,
                    std::int32_t* keys) {
  constexpr std::int32_t largest = 0x7FFFFFFF;
  memcpy(keys, values, static_cast<std::size_t>(padded) * sizeof(float));
  std::int32_t low = largest;
  std::int32_t high = -largest - 1;
  for (std::ptrdiff_t i = 0; i < padded; ++i) {
    const std::int32_t bits = keys[i];
    const std::int32_t key = bits < 0 ? bits ^ largest : bits;
    keys[i] = key;
    low = key < low ? key : low;
    high = key > high ? key : high;
  }
  for (std::ptrdiff_t i = count; i < padded; ++i) keys[i] = largest;
  const auto wanted = static_cast<std::int32_t>((count + 1) / 2);  // to be found below the middle
  while (low < high) {
    const auto half = (static_cast<std::uint32_t>(high) - static_cast<std::uint32_t>(low)) / 2;
    const auto middle = static_cast<std::int32_t>(static_cast<std::uint32_t>(low) + half);
    const std::int32_t found = count_up_to(keys, padded, middle);
    if (found == wanted) {
      std::int32_t below = -largest - 1;
      std::int32_t above = largest;
      for (std::ptrdiff_t i = 0; i < padded; ++i) {
        const std::int32_t key = keys[i];
        const std::int32_t under = key <= middle ? key : -largest - 1;
        const std::int32_t over = key > middle ? key : largest;
        below = under > below ? under : below;
        above = over < above ? over : above;
      }
      if (count % 2 == 1) return value_of(below);
      return 0.5F * (value_of(below) + value_of(above));
    }
    if (found > wanted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return value_of(low);  // more than one, on both sides of the middle
}

inline void residuals(const Sample& sample, const float* coefficients, float* squared) {
  const float* across = sample.across;
  const float* down = sample.down;
  const float* flow_x = sample.x;
  const float* flow_y = sample.y;
  const float cx = coefficients[0];
  const float rx = coefficients[1];
  const float dx = coefficients[2];
  const float cy = coefficients[3];
  const float ry = coefficients[4];
  const float dy = coefficients[5];
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < sample.padded; ++i) {
    const float x = flow_x[i] - ((cx + rx * across[i]) + dx * down[i]);
    const float y = flow_y[i] - ((cy + ry * across[i]) + dy * down[i]);
    squared[i] = x * x + y * y;
  }
}

inline void fit(const Sample& sample, const float* squared, float scale, float* sums) {
  float lanes[fit_sums][lane_count] = {};
  const float over = 1 / scale;
  for (std::ptrdiff_t start = 0; start < sample.padded; start += lane_count) {
    const float* present = sample.present + start;
    const float* across = sample.across + start;
    const float* down = sample.down + start;
    const float* x = sample.x + start;
    const float* y = sample.y + start;
    const float* square = squared + start;
    for (std::ptrdiff_t i = 0; i < lane_count; ++i) {
      const float weight = present[i] / (1 + square[i] * over);
      const float right = weight * across[i];
      const float below = weight * down[i];
      lanes[0][i] += weight;
      lanes[1][i] += right;
      lanes[2][i] += below;
      lanes[3][i] += right * across[i];
      lanes[4][i] += right * down[i];
      lanes[5][i] += below * down[i];
      lanes[6][i] += weight * x[i];
      lanes[7][i] += right * x[i];
      lanes[8][i] += below * x[i];
      lanes[9][i] += weight * y[i];
      lanes[10][i] += right * y[i];
      lanes[11][i] += below * y[i];
    }
  }
  for (std::ptrdiff_t k = 0; k < fit_sums; ++k) sums[k] = sum_of_lanes(lanes[k]);
}

}  // namespace
}  // namespace lpat::motion
