// Pictures reduced to half, their slopes and the patches' sums of slopes. For kernels.hpp.
#pragma once

#include "dis/kernels.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

inline void halve_bytes_row(const std::uint8_t* upper, const std::uint8_t* lower, float* result,
                            std::ptrdiff_t width) {
  const std::uint8_t* a = upper;
  const std::uint8_t* b = lower;
  float* half = result;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const int sum = a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1];
    half[x] = static_cast<float>((sum + 2) >> 2);
  }
}

inline void halve_floats_row(const float* upper, const float* lower, float* result,
                             std::ptrdiff_t width) {
  const float* a = upper;
  const float* b = lower;
  float* half = result;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float sum = (a[2 * x] + a[2 * x + 1]) + (b[2 * x] + b[2 * x + 1]);
    half[x] = static_cast<float>((static_cast<std::int32_t>(sum) + 2) >> 2);
  }
}

// Sobel's filter at a column, whose neighbours are `left` and `right`.
inline void slopes_at(const float* above, const float* here, const float* below, std::ptrdiff_t x,
                      std::ptrdiff_t left, std::ptrdiff_t right, float* by_x, float* by_y) {
  by_x[x] = (above[right] - above[left]) + (below[right] - below[left]) +
            2 * (here[right] - here[left]);
  by_y[x] = (below[left] - above[left]) + (below[right] - above[right]) +
            2 * (below[x] - above[x]);
}

// Beyond its borders, the picture is mirrored at its outermost pixels.
inline void differentiate_rows(const Level& level) {
  const std::ptrdiff_t width = level.width;
  const std::ptrdiff_t height = level.height;
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    const float* above = level.first.row(y == 0 ? 1 : y - 1);
    const float* here = level.first.row(y);
    const float* below = level.first.row(y + 1 == height ? height - 2 : y + 1);
    float* by_x = level.slope_x.row(y);
    float* by_y = level.slope_y.row(y);
    LPAT_INDEPENDENT
    for (std::ptrdiff_t x = 0; x < width; ++x) {
      slopes_at(above, here, below, x, x - 1, x + 1, by_x, by_y);
    }
    slopes_at(above, here, below, 0, 1, 1, by_x, by_y);
    slopes_at(above, here, below, width - 1, width - 2, width - 2, by_x, by_y);
  }
}

// Each patch is four blocks of 4 x 4, and each block lies in up to four patches.
inline void sum_slopes_of_patches(const Level& level, const Patches& patches, float* scratch) {
  constexpr std::ptrdiff_t block = patch_stride;
  const std::ptrdiff_t blocks = patches.columns + 1;
  const std::ptrdiff_t width = blocks * block;
  float* xx = scratch;
  float* xy = xx + width;
  float* yy = xy + width;
  float* sx = yy + width;
  float* sy = sx + width;
  for (std::ptrdiff_t i = 0; i <= patches.rows; ++i) {
    for (std::ptrdiff_t k = 0; k < block; ++k) {
      const float* by_x = level.slope_x.row(i * block + k);
      const float* by_y = level.slope_y.row(i * block + k);
      LPAT_INDEPENDENT
      for (std::ptrdiff_t x = 0; x < width; ++x) {
        xx[x] = (k == 0 ? 0 : xx[x]) + by_x[x] * by_x[x];
        xy[x] = (k == 0 ? 0 : xy[x]) + by_x[x] * by_y[x];
        yy[x] = (k == 0 ? 0 : yy[x]) + by_y[x] * by_y[x];
        sx[x] = (k == 0 ? 0 : sx[x]) + by_x[x];
        sy[x] = (k == 0 ? 0 : sy[x]) + by_y[x];
      }
    }
    for (int sum = 0; sum < 5; ++sum) {
      const float* columns = scratch + sum * width;
      float* upper = i == 0 ? nullptr : patches.sums[sum] + (i - 1) * patches.columns;
      float* lower = i == patches.rows ? nullptr : patches.sums[sum] + i * patches.columns;
      float before = (columns[0] + columns[1]) + (columns[2] + columns[3]);
      for (std::ptrdiff_t j = 0; j < patches.columns; ++j) {
        const float* four = columns + (j + 1) * block;
        const float after = (four[0] + four[1]) + (four[2] + four[3]);
        if (upper != nullptr) upper[j] += before + after;
        if (lower != nullptr) lower[j] = before + after;
        before = after;
      }
    }
  }
}

}  // namespace
}  // namespace lpat::dis_flow
