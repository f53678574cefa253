// The iteration's two steps on a row. For kernels.hpp; plain loops that compilers vectorise.
#pragma once

#include <math.h>

#include "flow/independent.hpp"
#include "tvl1/kernels.hpp"

namespace lpat::flow {
namespace {

// Sums in an order that doesn't depend on the width of registers.
inline float sum_of(const float* values, std::ptrdiff_t count) {
  float lanes[32] = {};
  for (std::ptrdiff_t x = 0; x + 32 <= count; x += 32) {
    for (int i = 0; i < 32; ++i) lanes[i] += values[x + i];
  }
  for (std::ptrdiff_t x = count / 32 * 32; x < count; ++x) lanes[0] += values[x];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <bool measured>
inline void primal_pixels(float* row, const float* above, const RowShape& shape, const Step& step,
                          float* changes) {
  const std::ptrdiff_t stride = shape.stride;
  float* ux = row + flow_x * stride;
  float* uy = row + flow_y * stride;
  float* change = changes;
  const float* xx = row + dual_xx * stride;
  const float* xy = row + dual_xy * stride;
  const float* yx = row + dual_yx * stride;
  const float* yy = row + dual_yy * stride;
  const float* xy_above = above + dual_xy * stride;
  const float* yy_above = above + dual_yy * stride;
  const float* jx = row + slope_x * stride;
  const float* jy = row + slope_y * stride;
  const float* over = row + inverse * stride;
  const float* rest = row + constant * stride;
  const float tau = step.tau;
  const float most = step.limit;
  const float least = -step.limit;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < shape.padded; ++x) {
    const float before_x = ux[x];
    const float before_y = uy[x];
    const float wanted = (rest[x] + (jx[x] * before_x + jy[x] * before_y)) * over[x];
    const float bounded = wanted < most ? wanted : most;
    const float move = bounded > least ? bounded : least;
    const float divergence_x = (xx[x] - xx[x - 1]) + (xy[x] - xy_above[x]);
    const float divergence_y = (yx[x] - yx[x - 1]) + (yy[x] - yy_above[x]);
    const float change_x = tau * divergence_x - move * jx[x];
    const float change_y = tau * divergence_y - move * jy[x];
    ux[x] = before_x + change_x;
    uy[x] = before_y + change_y;
    if constexpr (measured) change[x] = change_x * change_x + change_y * change_y;
  }
}

// To the right of the last pixel there is no difference.
inline void go_on(float* values, const RowShape& shape) {
  for (std::ptrdiff_t x = shape.width; x < shape.padded; ++x) values[x] = values[shape.width - 1];
}

inline float primal_row(float* row, const float* above, const RowShape& shape, const Step& step,
                        float* changes) {
  if (changes == nullptr) {
    primal_pixels<false>(row, above, shape, step, changes);
  } else {
    primal_pixels<true>(row, above, shape, step, changes);
  }
  go_on(row + flow_x * shape.stride, shape);
  go_on(row + flow_y * shape.stride, shape);
  return changes == nullptr ? 0 : sum_of(changes, shape.width);
}

inline void dual_row(float* row, const float* below, const RowShape& shape) {
  const std::ptrdiff_t stride = shape.stride;
  const float* ux = row + flow_x * stride;
  const float* uy = row + flow_y * stride;
  const float* ux_below = below + flow_x * stride;
  const float* uy_below = below + flow_y * stride;
  float* xx = row + dual_xx * stride;
  float* xy = row + dual_xy * stride;
  float* yx = row + dual_yx * stride;
  float* yy = row + dual_yy * stride;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < shape.padded; ++x) {
    const float x_by_x = ux[x + 1] - ux[x];
    const float x_by_y = ux_below[x] - ux[x];
    const float y_by_x = uy[x + 1] - uy[x];
    const float y_by_y = uy_below[x] - uy[x];
    const float norm_x = 1 + sqrtf(x_by_x * x_by_x + x_by_y * x_by_y);
    const float norm_y = 1 + sqrtf(y_by_x * y_by_x + y_by_y * y_by_y);
    // One division for both.
    const float over = 1 / (norm_x * norm_y);
    const float over_x = over * norm_y;
    const float over_y = over * norm_x;
    xx[x] = (xx[x] + x_by_x) * over_x;
    xy[x] = (xy[x] + x_by_y) * over_x;
    yx[x] = (yx[x] + y_by_x) * over_y;
    yy[x] = (yy[x] + y_by_y) * over_y;
  }
}

}  // namespace
}  // namespace lpat::flow
