// The refinement's linear system and its relaxation. For kernels.hpp.
#pragma once

#include <math.h>

#include "dis/colours.hpp"
#include "dis/kernels.hpp"
#include "dis/linearise_rows.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

inline constexpr float omega = 1.6F;          // of the over-relaxation
inline constexpr float least_square = 1e-4F;  // added where roots are divided by

inline Neighbours neighbours_of(const Rows& rows, const RowShape& shape, Line line,
                                std::ptrdiff_t colour) {
  return neighbours_of(rows, line_at(shape, line, colour), line_at(shape, line, 1 - colour),
                       colour);
}

// Smoothness: the weight of each pixel's differences to its right and lower neighbours, and in
// `ahead` its part in the system's diagonal, which leaves out neighbours outside of the picture.
inline void weights_of_row(const Rows& rows, const RowShape& shape, const Weights& weights,
                           float* ahead) {
  const bool last = rows.y + 1 == rows.height;
  const float down = last ? 0.0F : 1.0F;
  const std::ptrdiff_t distance = line_count * shape.stride;
  float* lines_x = rows.here + line_at(shape, flow_x, 0);
  float* lines_y = rows.here + line_at(shape, flow_y, 0);
  go_on(lines_x, distance, shape, rows.y);
  go_on(lines_y, distance, shape, rows.y);
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    const Neighbours by_u = neighbours_of(rows, shape, flow_x, colour);
    const Neighbours by_v = neighbours_of(rows, shape, flow_y, colour);
    const float* u = lines_x + colour * distance;
    const float* v = lines_y + colour * distance;
    float* w = rows.here + line_at(shape, weight, colour);
    float* sum = ahead + colour * shape.stride;
    const float alpha = weights.alpha;
    for (std::ptrdiff_t b = 0; b < shape.blocks; ++b) {
      LPAT_INDEPENDENT
      for (std::ptrdiff_t k = b * lanes; k < (b + 1) * lanes; ++k) {
        const float ux = by_u.right[k] - u[k];
        const float vx = by_v.right[k] - v[k];
        const float uy = by_u.below[k] - u[k];
        const float vy = by_v.below[k] - v[k];
        const float square = ((ux * ux + vx * vx) + (uy * uy + vy * vy)) + least_square;
        const float value = alpha / sqrtf(square);
        w[k] = value;
        sum[k] = value + value * down;
      }
    }
    w[-1] = 0;
  }
  const std::ptrdiff_t end = colour_of(rows.y, shape.width - 1);
  const std::ptrdiff_t place = (shape.width - 1) / 2;
  ahead[end * shape.stride + place] =
      last ? 0 : rows.here[line_at(shape, weight, end) + place];
  // From here on there is no flow outside.
  const std::ptrdiff_t before = colour_of(rows.y, -1) * distance - 1;
  const std::ptrdiff_t after = colour_of(rows.y, shape.width) * distance + shape.width / 2;
  lines_x[before] = 0;
  lines_y[before] = 0;
  lines_x[after] = 0;
  lines_y[after] = 0;
}

inline void system_block(const float* block, const float* u, const float* v, const float* w_left,
                         const float* w_above, const float* ahead, float delta, float gamma,
                         float* system) {
  LPAT_INDEPENDENT
  for (std::ptrdiff_t k = 0; k < lanes; ++k) {
    const float ax = block[x0 * lanes + k];
    const float ay = block[y0 * lanes + k];
    const float az = block[z0 * lanes + k];
    const float bx = block[x1 * lanes + k];
    const float by = block[y1 * lanes + k];
    const float bz = block[z1 * lanes + k];
    const float cx = block[x2 * lanes + k];
    const float cy = block[y2 * lanes + k];
    const float cz = block[z2 * lanes + k];
    const float a = az + (ax * u[k] + ay * v[k]);
    const float b = bz + (bx * u[k] + by * v[k]);
    const float c = cz + (cx * u[k] + cy * v[k]);
    const float brightness = sqrtf(a * a + least_square);
    const float slope = sqrtf((b * b + c * c) + least_square);
    const float over = 1 / (brightness * slope);  // one division for both
    const float d = delta * (over * slope);
    const float g = gamma * (over * brightness);
    const float d_ax = d * ax;
    const float d_ay = d * ay;
    const float g_bx = g * bx;
    const float g_by = g * by;
    const float g_cx = g * cx;
    const float g_cy = g * cy;
    const float smooth = ((w_left[k] + w_above[k]) + ahead[k]) + least_slope;
    const float xx = smooth + (d_ax * ax + (g_bx * bx + g_cx * cx));
    const float yy = smooth + (d_ay * ay + (g_by * by + g_cy * cy));
    const float inverse = omega / (xx * yy);
    system[inverse_x * lanes + k] = yy * inverse;
    system[inverse_y * lanes + k] = xx * inverse;
    system[cross * lanes + k] = d_ax * ay + (g_bx * by + g_cx * cy);
    system[right_x * lanes + k] =
        least_slope * block[begin_x * lanes + k] - (d_ax * az + (g_bx * bz + g_cx * cz));
    system[right_y * lanes + k] =
        least_slope * block[begin_y * lanes + k] - (d_ay * az + (g_by * bz + g_cy * cz));
  }
}

inline void system_of_row(const Rows& rows, const RowShape& shape, const Weights& weights,
                          float* scratch) {
  weights_of_row(rows, shape, weights, scratch);
  for (std::ptrdiff_t colour = 0; colour < 2; ++colour) {
    const float* w_left =
        rows.here + line_at(shape, weight, 1 - colour) + first_column(rows.y, colour) - 1;
    const float* w_above = rows.above + line_at(shape, weight, 1 - colour);
    const float* ahead = scratch + colour * shape.stride;
    const float* u = rows.here + line_at(shape, flow_x, colour);
    const float* v = rows.here + line_at(shape, flow_y, colour);
    const float* block = rows.here + residuals_at(shape, colour);
    float* system = rows.here + unknowns_at(shape, colour);
    for (std::ptrdiff_t k = 0; k < shape.blocks * lanes; k += lanes) {
      system_block(block, u + k, v + k, w_left + k, w_above + k, ahead + k, weights.delta,
                   weights.gamma, system);
      block += residual_count * lanes;
      system += unknown_count * lanes;
    }
    // Beyond the last pixel flow stays zero.
    system = rows.here + unknowns_at(shape, colour);
    for (std::ptrdiff_t k = count_of(shape, rows.y, colour); k < shape.blocks * lanes; ++k) {
      float* place = system + k / lanes * unknown_count * lanes + k % lanes;
      place[inverse_x * lanes] = 0;
      place[inverse_y * lanes] = 0;
    }
  }
}

// Flow, weights and, `stride` floats from each other, both of the other colour around them.
inline void relax_block(const float* system, float* own, const float* left, const float* above,
                        const float* below, std::ptrdiff_t stride) {
  LPAT_INDEPENDENT
  for (std::ptrdiff_t k = 0; k < lanes; ++k) {
    const float w = own[2 * stride + k];
    const float w_left = left[2 * stride + k];
    const float w_above = above[2 * stride + k];
    const float around_x = (w_left * left[k] + w_above * above[k]) + w * (left[k + 1] + below[k]);
    const float around_y = (w_left * left[stride + k] + w_above * above[stride + k]) +
                           w * (left[stride + k + 1] + below[stride + k]);
    const float both = system[cross * lanes + k];
    const float u = own[k];
    const float v = own[stride + k];
    const float x = (1 - omega) * u +
                    system[inverse_x * lanes + k] *
                        ((around_x + system[right_x * lanes + k]) - both * v);
    own[k] = x;
    own[stride + k] = (1 - omega) * v +
                      system[inverse_y * lanes + k] *
                          ((around_y + system[right_y * lanes + k]) - both * x);
  }
}

inline void relax_row(const Rows& rows, const RowShape& shape, std::ptrdiff_t colour) {
  static_assert(flow_x == 0 && flow_y == 1 && weight == 2);
  const std::ptrdiff_t other = line_at(shape, flow_x, 1 - colour);
  const float* system = rows.here + unknowns_at(shape, colour);
  float* own = rows.here + line_at(shape, flow_x, colour);
  const float* left = rows.here + other + first_column(rows.y, colour) - 1;
  const float* above = rows.above + other;
  const float* below = rows.below + other;
  for (std::ptrdiff_t b = 0; b < shape.blocks; ++b) {
    relax_block(system, own, left, above, below, shape.stride);
    system += unknown_count * lanes;
    own += lanes;
    left += lanes;
    above += lanes;
    below += lanes;
  }
}

}  // namespace
}  // namespace lpat::dis_flow
