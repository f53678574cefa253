// A row of the second image as the flow moves it. For kernels.hpp.
#pragma once

#include <math.h>

#include <cstdint>

#include "flow/independent.hpp"
#include "tvl1/four.hpp"
#include "tvl1/kernels.hpp"

namespace lpat::flow {
namespace {

inline constexpr std::ptrdiff_t pixel_floats = 4;  // of an `Image`: grey, slopes, zero
inline constexpr int outermost = 3;                // pixels outside where all taps are zero

// Position along an axis: the pixel before it, kept where the image and its border have all four
// taps, and the fraction beyond.
inline void locate(float at, float last, float* whole, float* fraction) {
  const float floor = floorf(at);
  *fraction = at - floor;
  // In this order, NaN also becomes a place in the border.
  const float low = floor >= -outermost ? floor : static_cast<float>(-outermost);
  *whole = low <= last ? low : last;
}

// Weights of the four taps around a fraction: cubic convolution with a = -0.75 (Keys, 1981).
inline void cubic(float t, float* weights) {
  constexpr float a = -0.75F;
  const float s = 1 - t;
  weights[0] = a * t * s * s;
  weights[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
  weights[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
  weights[3] = a * s * t * t;
}

inline Four row_of_taps(const float* taps, const float* across) {
  return (load(taps) * across[0] + load(taps + 4) * across[1]) +
         (load(taps + 8) * across[2] + load(taps + 12) * across[3]);
}

inline Four gather(const float* corner, std::ptrdiff_t pitch, const float* across,
                   const float* down) {
  return (row_of_taps(corner, across) * down[0] + row_of_taps(corner + pitch, across) * down[1]) +
         (row_of_taps(corner + 2 * pitch, across) * down[2] +
          row_of_taps(corner + 3 * pitch, across) * down[3]);
}

inline void warp_row(float* row, const RowShape& shape, const WarpTask& task, float* scratch) {
  const std::ptrdiff_t stride = shape.stride;
  const std::ptrdiff_t width = shape.width;
  const std::ptrdiff_t padded = shape.padded;
  const float* ux = row + flow_x * stride;
  const float* uy = row + flow_y * stride;
  float* jx = row + slope_x * stride;
  float* jy = row + slope_y * stride;
  float* over = row + inverse * stride;
  float* rest = row + constant * stride;
  float* across = scratch;                // 4 weights for each pixel, then its values
  float* down = scratch + 4 * padded;     // as many
  float* column = scratch + 8 * padded;   // whole numbers
  float* line = scratch + 9 * padded;
  const float unit = task.unit;
  const auto last_x = static_cast<float>(width + 1);
  const auto last_y = static_cast<float>(task.height + 1);
  const auto y = static_cast<float>(task.y);
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    float t = 0;
    locate(static_cast<float>(static_cast<std::int32_t>(x)) + unit * ux[x], last_x, &column[x], &t);
    cubic(t, across + 4 * x);
    locate(y + unit * uy[x], last_y, &line[x], &t);
    cubic(t, down + 4 * x);
  }
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float* corner = task.image +
                          (static_cast<std::ptrdiff_t>(line[x]) - 1) * task.image_pitch +
                          (static_cast<std::ptrdiff_t>(column[x]) - 1) * pixel_floats;
    store(gather(corner, task.image_pitch, across + 4 * x, down + 4 * x), across + 4 * x);
  }
  constexpr float flat = 1.2e-7F;  // |slope|^2 in grey levels per pixel
  const float steep = flat * unit * unit;
  // The data term without what the flow so far explains.
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) {
    const float* pixel = across + pixel_floats * x;
    const float slope_across = pixel[1] * unit;
    const float slope_down = pixel[2] * unit;
    const float square = slope_across * slope_across + slope_down * slope_down;
    jx[x] = slope_across;
    jy[x] = slope_down;
    over[x] = square > steep ? 1 / square : 0;
    rest[x] = (pixel[0] - task.first[pixel_floats * x]) -
              (slope_across * ux[x] + slope_down * uy[x]);
  }
}

}  // namespace
}  // namespace lpat::flow
