// The loops over patches and pixels, once for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lpat::dis_flow {

inline constexpr std::ptrdiff_t patch_size = 8;
inline constexpr std::ptrdiff_t patch_stride = 4;
inline constexpr std::ptrdiff_t border = 16;  // pixels around a picture, where it goes on as it ends

struct Plane {
  float* origin;         // pixel (0, 0)
  std::ptrdiff_t pitch;  // floats from row to row

  float* row(std::ptrdiff_t y) const { return origin + y * pitch; }
};

// Both frames at one scale. Slopes are those of the first, by Sobel's filter.
struct Level {
  std::ptrdiff_t width;
  std::ptrdiff_t height;
  Plane first;   // with borders, as the second
  Plane second;
  Plane slope_x;
  Plane slope_y;
};

// What is known of each patch, row by row. Patch (i, j) begins at pixel (4 j, 4 i).
struct Patches {
  std::ptrdiff_t rows;
  std::ptrdiff_t columns;
  float* sums[5];  // over its pixels: of slopes' squares xx, xy, yy, and of slopes x, y
  float* flow_x;
  float* flow_y;
};

enum Sum { sum_xx, sum_xy, sum_yy, sum_x, sum_y };

// Pixels of a row whose x + y is even are one colour, and those whose x + y is odd the other. Each
// colour's values lie together, so that all pixels of one colour change at once: the pixel of column
// x is at place x / 2. Lines of them have `lanes` floats before the first.
inline constexpr std::ptrdiff_t lanes = 16;

struct RowShape {
  std::ptrdiff_t width;
  std::ptrdiff_t blocks;  // of `lanes` places, of which there are at least width / 2 + 1
  std::ptrdiff_t stride;  // floats from one line to the next
};

// Lines of a row of pictures.
enum Picture : std::ptrdiff_t {
  mean,    // of the first frame and the second, moved by the flow
  change,  // from one to the other
  mean_x,  // the mean's slopes
  mean_y,
  picture_count
};

// Lines of a row of the field.
enum Line : std::ptrdiff_t {
  flow_x,
  flow_y,
  weight,  // of the flow's differences to the right and below
  line_count
};

// Quantities that are read at their own pixel alone lie together block by block, lines after all of
// them.
enum Unknown : std::ptrdiff_t {  // of the linear system
  inverse_x,                     // of its diagonal, times omega
  inverse_y,
  cross,
  right_x,  // its right side
  right_y,
  unknown_count
};

// The data term's residuals are linear in the flow: of brightness z0 + x0 u + y0 v, and of both
// slopes alike; each is divided by the length of its (x, y).
enum Residual : std::ptrdiff_t {
  x0, y0, z0,
  x1, y1, z1,
  x2, y2, z2,
  begin_x,  // the flow to be refined
  begin_y,
  residual_count
};

// Where a row's parts are, of one colour.
inline std::ptrdiff_t picture_at(const RowShape& shape, Picture picture, std::ptrdiff_t colour) {
  return (colour * picture_count + picture) * shape.stride + lanes;
}
inline std::ptrdiff_t line_at(const RowShape& shape, Line line, std::ptrdiff_t colour) {
  return (colour * line_count + line) * shape.stride + lanes;
}
inline std::ptrdiff_t unknowns_at(const RowShape& shape, std::ptrdiff_t colour) {
  return 2 * line_count * shape.stride + colour * unknown_count * lanes * shape.blocks;
}
inline std::ptrdiff_t residuals_at(const RowShape& shape, std::ptrdiff_t colour) {
  return unknowns_at(shape, 2) + colour * residual_count * lanes * shape.blocks;
}
inline std::ptrdiff_t floats_of_row(const RowShape& shape) { return residuals_at(shape, 2); }

// Three rows that lie one below the other. Beyond the picture, rows are of zeros.
struct Rows {
  float* above;
  float* here;
  float* below;
  std::ptrdiff_t y;
  std::ptrdiff_t height;
};

struct Weights {
  float alpha;  // of smoothness; these three are halved
  float delta;  // of brightness
  float gamma;  // of slopes
};

// Between which two pixels of a shorter row one of a longer row lies.
struct Position {
  std::int32_t before;
  std::int32_t after;
  float fraction;  // of the way from one to the other
};

struct Kernels {
  // Means of 2 x 2, rounded, of two rows.
  void (*halve_bytes)(const std::uint8_t* upper, const std::uint8_t* lower, float* result,
                      std::ptrdiff_t width);
  void (*halve_floats)(const float* upper, const float* lower, float* result, std::ptrdiff_t width);
  // The first frame's slopes.
  void (*differentiate)(const Level& level);
  // The patches' sums. `scratch` has 5 * pitch floats.
  void (*sum_slopes)(const Level& level, const Patches& patches, float* scratch);
  // Inverse search: the patches' flow, from what it is.
  void (*search)(const Level& level, const Patches& patches, std::ptrdiff_t iterations);
  // Each pixel's mean of its patches' flow. `scratch` has 36 * pitch floats.
  void (*densify)(const Level& level, const Patches& patches, const Plane& flow_x,
                  const Plane& flow_y, float* scratch);
  // A row of pixels into two lines, `distance` floats apart, and back.
  void (*split)(const float* pixels, float* lines, std::ptrdiff_t distance, const RowShape& shape,
                std::ptrdiff_t y);
  void (*merge)(const float* lines, float* pixels, std::ptrdiff_t distance, const RowShape& shape,
                std::ptrdiff_t y);
  // A row of pictures, of the flow's row. `scratch` has 8 * pitch floats.
  void (*warp)(const Level& level, const float* flow_x, const float* flow_y, float* pictures,
               const RowShape& shape, std::ptrdiff_t y, float* scratch);
  // Slopes of a row of pictures, once mean is known of all three rows.
  void (*slopes)(const Rows& pictures, const RowShape& shape);
  // Residuals of a row, once slopes are known of all three rows of pictures.
  void (*linearise)(const Rows& pictures, float* row, const RowShape& shape);
  // Weights and the linear system of a row, from its flow and that of the row below.
  // `scratch` has 2 * stride floats.
  void (*system)(const Rows& rows, const RowShape& shape, const Weights& weights, float* scratch);
  // One colour's step of successive over-relaxation.
  void (*relax)(const Rows& rows, const RowShape& shape, std::ptrdiff_t colour);
  // A row of values times `unit` at other positions, which aren't asked for where the new width is
  // twice the old one.
  void (*widen)(const float* values, std::ptrdiff_t width, float unit, const Position* positions,
                float* result, std::ptrdiff_t result_width);
  // A row between two rows of both components, which lie `distance` floats apart. The result's lie
  // `component` floats apart; 1 is side by side.
  void (*mix)(const float* upper, const float* lower, std::ptrdiff_t distance, float fraction,
              float* result, std::ptrdiff_t component, std::ptrdiff_t width);
};

extern const Kernels portable_kernels;
extern const Kernels avx2_kernels;  // these two where they are compiled
extern const Kernels avx512_kernels;

}  // namespace lpat::dis_flow
