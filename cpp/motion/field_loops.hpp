// Loops over the rows of a field. For kernels.hpp; plain loops that compilers vectorise.
#pragma once

#include <math.h>

#include "motion/kernels.hpp"
#include "flow/independent.hpp"

namespace lpat::motion {
namespace {

inline float limited(float value, float limit) {
  const float number = value == value ? value : 0;
  const float most = number < limit ? number : limit;
  return most > -limit ? most : -limit;
}

inline void halve_row(const float* upper, const float* lower, std::ptrdiff_t width, float scale_x,
                      float scale_y, float limit, float* x, float* y) {
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < width; ++i) {
    const float* above = upper + 4 * i;
    const float* below = lower + 4 * i;
    const float sum_x = (above[0] + above[2]) + (below[0] + below[2]);
    const float sum_y = (above[1] + above[3]) + (below[1] + below[3]);
    x[i] = limited(sum_x * 0.25F * scale_x, limit);
    y[i] = limited(sum_y * 0.25F * scale_y, limit);
  }
}

inline void subtract(const float* flow, const float* across, float base, float slope,
                     std::ptrdiff_t width, float* residual) {
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < width; ++x) residual[x] = flow[x] - (base + slope * across[x]);
}

// Adds a value to a slot's column in one row of cells, or in two.
template <bool two>
struct Adder {
  float* first;
  float* second;
  float first_weight;
  float second_weight;
  std::ptrdiff_t pitch;

  void add(std::ptrdiff_t slot, std::ptrdiff_t x, float value) const {
    first[slot * pitch + x] += first_weight * value;
    if constexpr (two) second[slot * pitch + x] += second_weight * value;
  }
};

inline constexpr float gain = 3.4142135623730950F;      // 1 / (1 - cos(45 degrees))
inline constexpr float slant = 2.4142135623730950F;     // gain * cos(45 degrees)

// A channel holds the whole length of the vectors in its direction, falling to none at the next one:
// the projection, less what the projection would be one direction away.
template <typename Add>
inline void add_directions(const Add& to, std::ptrdiff_t slot, std::ptrdiff_t at, float x, float y,
                           float length) {
  const float reduced = length * slant;
  const float along[4] = {gain * x, slant * x + slant * y, gain * y, slant * y - slant * x};
  for (std::ptrdiff_t k = 0; k < 4; ++k) {
    const float forth = along[k] - reduced;
    const float back = -along[k] - reduced;
    to.add(slot + k, at, forth > 0 ? forth : 0);
    to.add(slot + 4 + k, at, back > 0 ? back : 0);
  }
}

template <bool two>
inline Adder<two> adder_of(const Shares& shares) {
  return {shares.first, shares.second, shares.first_weight, shares.second_weight, shares.pitch};
}

template <bool two>
inline void add_motion(const ResidualRow& row, float still, const Shares& shares) {
  const Adder<two> to = adder_of<two>(shares);
  const float* flow_x = row.x;
  const float* flow_y = row.y;
  const float over = 1 / still;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < row.width; ++i) {
    const float x = flow_x[i];
    const float y = flow_y[i];
    const float speed = sqrtf(x * x + y * y);
    const float rest = 1 - speed * over;
    add_directions(to, 0, i, x, y, speed);
    to.add(8, i, rest > 0 ? rest : 0);
    to.add(9, i, speed);
    to.add(10, i, x);
    to.add(11, i, y);
  }
}

template <bool two>
inline void add_motion_directions(const ResidualRow& row, const Shares& shares) {
  const Adder<two> to = adder_of<two>(shares);
  const float* flow_x = row.x;
  const float* flow_y = row.y;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < row.width; ++i) {
    const float x = flow_x[i];
    const float y = flow_y[i];
    add_directions(to, 0, i, x, y, sqrtf(x * x + y * y));
  }
}

template <bool two>
inline void add_kinematics(const ResidualRow& row, const Shares& shares) {
  const Adder<two> to = adder_of<two>(shares);
  const float* x = row.x;
  const float* y = row.y;
  const float* x_above = x - row.pitch;
  const float* y_above = y - row.pitch;
  const float* x_below = x + row.pitch;
  const float* y_below = y + row.pitch;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < row.width; ++i) {
    const float x_right = 0.5F * (x[i + 1] - x[i - 1]);
    const float y_right = 0.5F * (y[i + 1] - y[i - 1]);
    const float x_down = 0.5F * (x_below[i] - x_above[i]);
    const float y_down = 0.5F * (y_below[i] - y_above[i]);
    const float values[4] = {x_right + y_down, y_right - x_down, x_right - y_down,
                             y_right + x_down};
    for (std::ptrdiff_t k = 0; k < 4; ++k) {
      const float positive = values[k] > 0 ? values[k] : 0;
      to.add(2 * k, i, positive);
      to.add(2 * k + 1, i, positive - values[k]);
    }
  }
}

template <bool two>
inline void add_boundaries(const ResidualRow& row, const Shares& shares) {
  const Adder<two> to = adder_of<two>(shares);
  const float* planes[2] = {row.x, row.y};
  for (std::ptrdiff_t part = 0; part < 2; ++part) {
    const float* flow = planes[part];
    const float* above = flow - row.pitch;
    const float* below = flow + row.pitch;
    LPAT_INDEPENDENT
    for (std::ptrdiff_t i = 0; i < row.width; ++i) {
      const float right = 0.5F * (flow[i + 1] - flow[i - 1]);
      const float down = 0.5F * (below[i] - above[i]);
      add_directions(to, part * direction_count, i, right, down,
                     sqrtf(right * right + down * down));
    }
  }
}

inline void motion_row(const ResidualRow& row, float still, const Shares& shares) {
  shares.second_weight == 0 ? add_motion<false>(row, still, shares)
                            : add_motion<true>(row, still, shares);
}

inline void direction_row(const ResidualRow& row, const Shares& shares) {
  shares.second_weight == 0 ? add_motion_directions<false>(row, shares)
                            : add_motion_directions<true>(row, shares);
}

inline void kinematic_row(const ResidualRow& row, const Shares& shares) {
  shares.second_weight == 0 ? add_kinematics<false>(row, shares)
                            : add_kinematics<true>(row, shares);
}

inline void boundary_row(const ResidualRow& row, const Shares& shares) {
  shares.second_weight == 0 ? add_boundaries<false>(row, shares)
                            : add_boundaries<true>(row, shares);
}

inline void focus_row(const ResidualRow& row, float down, float* columns, std::ptrdiff_t pitch) {
  const float* flow_x = row.x;
  const float* flow_y = row.y;
  float* energy = columns;
  float* energy_x = columns + pitch;
  float* energy_y = columns + 2 * pitch;
  float* energy_down = columns + 3 * pitch;
  float* energy_square = columns + 4 * pitch;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t i = 0; i < row.width; ++i) {
    const float x = flow_x[i];
    const float y = flow_y[i];
    const float squared = x * x + y * y;
    const float below = squared * down;
    energy[i] += squared;
    energy_x[i] += squared * x;
    energy_y[i] += squared * y;
    energy_down[i] += below;
    energy_square[i] += below * down;
  }
}

}  // namespace
}  // namespace lpat::motion
