// The data term of the refinement: brightness and its slopes, linear in the flow. For kernels.hpp.
#pragma once

#include <math.h>

#include "dis/colours.hpp"
#include "dis/kernels.hpp"
#include "dis/patch_search.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

inline constexpr float least_slope = 0.01F;  // squared, added where lengths of slopes are divided by

inline void warp_row(const Level& level, const float* u, const float* v, float* pictures,
                     const RowShape& shape, std::ptrdiff_t y, float* scratch) {
  const std::ptrdiff_t width = level.width;
  const std::ptrdiff_t pitch = level.second.pitch;
  const auto last_x = static_cast<float>(static_cast<std::int32_t>(width - 1));
  const auto last_y = static_cast<float>(static_cast<std::int32_t>(level.height - 1));
  const auto line = static_cast<float>(static_cast<std::int32_t>(y));
  const float* first = level.first.row(y);
  const float* second = level.second.origin;
  float* column = scratch;  // whole numbers
  float* row = column + pitch;
  float* right = row + pitch;
  float* lower = right + pitch;
  float* taps = lower + pitch;  // four for each pixel
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float at_x =
        clamped(static_cast<float>(static_cast<std::int32_t>(x)) + u[x], 0, last_x);
    const float at_y = clamped(line + v[x], 0, last_y);
    const auto whole_x = static_cast<float>(static_cast<std::int32_t>(at_x));
    const auto whole_y = static_cast<float>(static_cast<std::int32_t>(at_y));
    column[x] = whole_x;
    row[x] = whole_y;
    right[x] = at_x - whole_x;
    lower[x] = at_y - whole_y;
  }
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float* corner = second + static_cast<std::int32_t>(row[x]) * pitch +
                          static_cast<std::int32_t>(column[x]);
    taps[x] = corner[0];
    taps[x + pitch] = corner[1];
    taps[x + 2 * pitch] = corner[pitch];
    taps[x + 3 * pitch] = corner[pitch + 1];
  }
  const float* tap_0 = taps;
  const float* tap_1 = tap_0 + pitch;
  const float* tap_2 = tap_1 + pitch;
  const float* tap_3 = tap_2 + pitch;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float above = tap_0[x] + (tap_1[x] - tap_0[x]) * right[x];
    const float below = tap_2[x] + (tap_3[x] - tap_2[x]) * right[x];
    const float there = above + (below - above) * lower[x];
    column[x] = 0.5F * (first[x] + there);
    row[x] = there - first[x];
  }
  const std::ptrdiff_t distance = picture_count * shape.stride;
  float* means = pictures + picture_at(shape, mean, 0);
  float* changes = pictures + picture_at(shape, change, 0);
  split_row(column, means, distance, shape, y);
  split_row(row, changes, distance, shape, y);
  go_on(means, distance, shape, y);
  go_on(changes, distance, shape, y);
}

inline Neighbours neighbours_of(const Rows& rows, const RowShape& shape, Picture picture,
                                std::ptrdiff_t colour) {
  return neighbours_of(rows, picture_at(shape, picture, colour),
                       picture_at(shape, picture, 1 - colour), colour);
}

inline void slopes_of_row(const Rows& pictures, const RowShape& shape) {
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    const Neighbours grey = neighbours_of(pictures, shape, mean, colour);
    float* by_x = pictures.here + picture_at(shape, mean_x, colour);
    float* by_y = pictures.here + picture_at(shape, mean_y, colour);
    for (std::ptrdiff_t b = 0; b < shape.blocks; ++b) {
      LPAT_INDEPENDENT
      for (std::ptrdiff_t k = b * lanes; k < (b + 1) * lanes; ++k) {
        by_x[k] = grey.right[k] - grey.left[k];
        by_y[k] = grey.below[k] - grey.above[k];
      }
    }
    by_x[shape.blocks * lanes] = 0;
  }
  go_on(pictures.here + picture_at(shape, mean_x, 0), picture_count * shape.stride, shape,
        pictures.y);
}

// Keeps one block's residuals.
inline void linearise_block(const Neighbours& by_x, const Neighbours& by_y, const Neighbours& by_t,
                            const float* dx, const float* dy, const float* dt, const float* u,
                            const float* v, float* block) {
  LPAT_INDEPENDENT
  for (std::ptrdiff_t k = 0; k < lanes; ++k) {
    const float x = dx[k];
    const float y = dy[k];
    const float xx = by_x.right[k] - by_x.left[k];
    const float xy = by_x.below[k] - by_x.above[k];
    const float yy = by_y.below[k] - by_y.above[k];
    const float xt = by_t.right[k] - by_t.left[k];
    const float yt = by_t.below[k] - by_t.above[k];
    const float over_0 = 1 / sqrtf((x * x + y * y) + least_slope);
    const float over_1 = 1 / sqrtf((xx * xx + xy * xy) + least_slope);
    const float over_2 = 1 / sqrtf((yy * yy + xy * xy) + least_slope);
    const float a = u[k];
    const float b = v[k];
    block[begin_x * lanes + k] = a;
    block[begin_y * lanes + k] = b;
    block[x0 * lanes + k] = x * over_0;
    block[y0 * lanes + k] = y * over_0;
    block[z0 * lanes + k] = (dt[k] - (x * a + y * b)) * over_0;
    block[x1 * lanes + k] = xx * over_1;
    block[y1 * lanes + k] = xy * over_1;
    block[z1 * lanes + k] = (xt - (xx * a + xy * b)) * over_1;
    block[x2 * lanes + k] = xy * over_2;
    block[y2 * lanes + k] = yy * over_2;
    block[z2 * lanes + k] = (yt - (xy * a + yy * b)) * over_2;
  }
}

inline Neighbours moved(const Neighbours& from, std::ptrdiff_t places) {
  return {from.left + places, from.right + places, from.above + places, from.below + places};
}

inline void linearise_row(const Rows& pictures, float* row, const RowShape& shape) {
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    const Neighbours by_x = neighbours_of(pictures, shape, mean_x, colour);
    const Neighbours by_y = neighbours_of(pictures, shape, mean_y, colour);
    const Neighbours by_t = neighbours_of(pictures, shape, change, colour);
    const float* dx = pictures.here + picture_at(shape, mean_x, colour);
    const float* dy = pictures.here + picture_at(shape, mean_y, colour);
    const float* dt = pictures.here + picture_at(shape, change, colour);
    const float* u = row + line_at(shape, flow_x, colour);
    const float* v = row + line_at(shape, flow_y, colour);
    float* block = row + residuals_at(shape, colour);
    for (std::ptrdiff_t k = 0; k < shape.blocks * lanes; k += lanes) {
      linearise_block(moved(by_x, k), moved(by_y, k), moved(by_t, k), dx + k, dy + k, dt + k,
                      u + k, v + k, block);
      block += residual_count * lanes;
    }
  }
}

}  // namespace
}  // namespace lpat::dis_flow
