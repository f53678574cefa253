// Flow at the size of the frames. For kernels.hpp; plain loops that compilers vectorise.
#pragma once

#include "dis/kernels.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

inline float between(float before, float after, float fraction) {
  return before + (after - before) * fraction;
}

inline void widen_row(const float* values, std::ptrdiff_t width, float unit,
                      const Position* positions, float* result, std::ptrdiff_t result_width) {
  const float* from = values;
  float* to = result;
  if (result_width == 2 * width) {
    to[0] = unit * from[0];
    LPAT_INDEPENDENT
    for (std::ptrdiff_t x = 0; x < width - 1; ++x) {
      to[2 * x + 1] = unit * between(from[x], from[x + 1], 0.25F);
      to[2 * x + 2] = unit * between(from[x], from[x + 1], 0.75F);
    }
    to[2 * width - 1] = unit * from[width - 1];
    return;
  }
  for (std::ptrdiff_t x = 0; x < result_width; ++x) {
    const Position& at = positions[x];
    to[x] = unit * between(from[at.before], from[at.after], at.fraction);
  }
}

inline void mix_rows(const float* upper, const float* lower, std::ptrdiff_t distance,
                     float fraction, float* result, std::ptrdiff_t component,
                     std::ptrdiff_t width) {
  const float* upper_x = upper;
  const float* lower_x = lower;
  const float* upper_y = upper + distance;
  const float* lower_y = lower + distance;
  float* to_x = result;
  float* to_y = result + component;
  if (component == 1) {
    LPAT_INDEPENDENT
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      to_x[2 * x] = between(upper_x[x], lower_x[x], fraction);
      to_x[2 * x + 1] = between(upper_y[x], lower_y[x], fraction);
    }
    return;
  }
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    to_x[x] = between(upper_x[x], lower_x[x], fraction);
    to_y[x] = between(upper_y[x], lower_y[x], fraction);
  }
}

}  // namespace
}  // namespace lpat::dis_flow
