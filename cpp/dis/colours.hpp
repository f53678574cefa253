// Rows of pixels of two colours, and their neighbours. For kernels.hpp.
#pragma once

#include "dis/kernels.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

// Column of the first pixel of a colour.
inline std::ptrdiff_t first_column(std::ptrdiff_t y, std::ptrdiff_t colour) {
  return (y + colour) & 1;
}

inline std::ptrdiff_t count_of(const RowShape& shape, std::ptrdiff_t y, std::ptrdiff_t colour) {
  return (shape.width + 1 - first_column(y, colour)) / 2;
}

// The colour of a row's pixel. That of column -1 is at place -1, that of the column beyond the last
// one at place width / 2.
inline std::ptrdiff_t colour_of(std::ptrdiff_t y, std::ptrdiff_t x) { return (x + y) & 1; }

// Beyond the pixels lines are zero.
inline void split_row(const float* pixels, float* lines, std::ptrdiff_t distance,
                      const RowShape& shape, std::ptrdiff_t y) {
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    const float* from = pixels + first_column(y, colour);
    float* values = lines + colour * distance;
    const std::ptrdiff_t count = count_of(shape, y, colour);
    LPAT_INDEPENDENT
    for (std::ptrdiff_t k = 0; k < count; ++k) values[k] = from[2 * k];
    for (std::ptrdiff_t k = count; k <= shape.blocks * lanes; ++k) values[k] = 0;
    values[-1] = 0;
  }
}

inline void merge_row(const float* lines, float* pixels, std::ptrdiff_t distance,
                      const RowShape& shape, std::ptrdiff_t y) {
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    float* to = pixels + first_column(y, colour);
    const float* values = lines + colour * distance;
    const std::ptrdiff_t count = count_of(shape, y, colour);
    LPAT_INDEPENDENT
    for (std::ptrdiff_t k = 0; k < count; ++k) to[2 * k] = values[k];
  }
}

// Both lines of a row go on as they end.
inline void go_on(float* lines, std::ptrdiff_t distance, const RowShape& shape, std::ptrdiff_t y) {
  lines[colour_of(y, -1) * distance - 1] = lines[colour_of(y, 0) * distance];
  lines[colour_of(y, shape.width) * distance + shape.width / 2] =
      lines[colour_of(y, shape.width - 1) * distance + (shape.width - 1) / 2];
}

// Neighbours of the pixels of one colour.
struct Neighbours {
  const float* left;
  const float* right;
  const float* above;
  const float* below;
};

// The picture goes on as it ends. `own` and `other` are a line's places of this colour and the other.
inline Neighbours neighbours_of(const Rows& rows, std::ptrdiff_t own, std::ptrdiff_t other,
                                std::ptrdiff_t colour) {
  const float* side = rows.here + other + first_column(rows.y, colour);
  return {side - 1, side, rows.y == 0 ? rows.here + own : rows.above + other,
          rows.y + 1 == rows.height ? rows.here + own : rows.below + other};
}

}  // namespace
}  // namespace lpat::dis_flow
