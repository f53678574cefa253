// The loops over a row's pixels, once for each instruction set.
#pragma once

#include <cstddef>

namespace lpat::flow {

// How a row of a field lies in memory. Every quantity has its own stretch of floats, and before it
// `lane_count` zeros.
struct RowShape {
  std::ptrdiff_t width;
  std::ptrdiff_t padded;  // whole registers, at least one float more than the width
  std::ptrdiff_t stride;  // floats from one quantity to the next
};

// What is known of each pixel, in the order in which it lies in memory.
//
// Flow is in units of theta / tau pixels, in which neither the dual step nor the data term needs a
// factor. With the flow u0 at which the second image I was warped and J = grad I(x + u0), the data
// term is linear in u: I(x + u0) - J u0 - I0(x) + J u.
enum Quantity : std::ptrdiff_t {
  flow_x,
  flow_y,
  dual_xx,  // the dual variable of flow_x, along x
  dual_xy,
  dual_yx,
  dual_yy,
  slope_x,   // J for the flow's units
  slope_y,
  inverse,   // of |slope|^2, 0 where there is no slope
  constant,  // the part of the data term that doesn't depend on u
  quantity_count
};

struct Step {
  float tau;
  float limit;  // lambda * theta * (tau / theta)^2
};

// A row of the second image, warped; all of one row.
struct WarpTask {
  const float* image;  // pixel (0, 0) of an `Image`
  std::ptrdiff_t image_pitch;
  std::ptrdiff_t height;
  const float* first;  // the row of the first image
  std::ptrdiff_t y;
  float unit;  // theta / tau
};

struct Kernels {
  // Thresholding and primal step of a row. `above` is the row above, `changes` scratch of `padded`
  // floats or null: then the sum of squared changes isn't wanted, and 0.
  float (*primal)(float* row, const float* above, const RowShape& shape, const Step& step,
                  float* changes);
  // Dual step of a row; `below` is the row below, or itself for the last.
  void (*dual)(float* row, const float* below, const RowShape& shape);
  // Slopes, their inverse and the constant of a row, at its flow. `scratch` has 10 * padded floats.
  void (*warp)(float* row, const RowShape& shape, const WarpTask& task, float* scratch);
  // Medians of 5 x 5 of the middle one of five rows, which continue two floats beyond both ends.
  // `scratch` has 5 * (padded + 2 * lane_count) floats.
  void (*median)(const float* const* rows, float* result, const RowShape& shape, float* scratch);
};

extern const Kernels portable_kernels;
extern const Kernels avx2_kernels;    // these two where they are compiled
extern const Kernels avx512_kernels;

}  // namespace lpat::flow
