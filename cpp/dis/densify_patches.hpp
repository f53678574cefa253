// From the patches' flow to that of each pixel. For kernels.hpp.
#pragma once

#include "dis/eight.hpp"
#include "dis/kernels.hpp"
#include "dis/patch_search.hpp"
#include "flow/independent.hpp"

namespace lpat::dis_flow {
namespace {

// Sums over the patches that a pixel lies in, of as many rows as a patch may have.
struct Blend {
  static constexpr std::ptrdiff_t rows = 12;

  float* sums;
  std::ptrdiff_t pitch;

  float* row(std::ptrdiff_t y, std::ptrdiff_t sum) const {
    return sums + (3 * (y % rows) + sum) * pitch;
  }
};

// How near to the picture's right and lower border a place may be, in pixels.
inline constexpr float inside = 0.001F;

// Adds eight pixels of a row, whose change is known. Flow weighs the less, the more that is.
inline void blend_eight(const Blend& blend, std::ptrdiff_t x, std::ptrdiff_t y,
                        const Eight& difference, float flow_x, float flow_y) {
  Eight share;
  share_of(difference, share);
  eight_at(blend.row(y, 0) + x) += share * flow_x;
  eight_at(blend.row(y, 1) + x) += share * flow_y;
  eight_at(blend.row(y, 2) + x) += share;
}

// The same as `blend_columns` where some pixels are moved beyond the right or lower border.
inline void blend_at_border(const Level& level, const Blend& blend, std::ptrdiff_t x,
                            std::ptrdiff_t y, std::ptrdiff_t height, float flow_x, float flow_y) {
  const float last_x = static_cast<float>(static_cast<std::int32_t>(level.width)) - 1 - inside;
  const float last_y = static_cast<float>(static_cast<std::int32_t>(level.height)) - 1 - inside;
  for (std::ptrdiff_t k = y; k < y + height; ++k) {
    const float at_y =
        clamped(static_cast<float>(static_cast<std::int32_t>(k)) + flow_y, 0, last_y);
    const auto row = static_cast<std::int32_t>(at_y);
    const float lower = at_y - static_cast<float>(row);
    const float* upper_row = level.second.row(row);
    const float* lower_row = level.second.row(row + 1);
    const float* first = level.first.row(k) + x;
    float differences[8];
    for (std::ptrdiff_t i = 0; i < 8; ++i) {
      const float at_x =
          clamped(static_cast<float>(static_cast<std::int32_t>(x + i)) + flow_x, 0, last_x);
      const auto column = static_cast<std::int32_t>(at_x);
      const float right = at_x - static_cast<float>(column);
      const float above = upper_row[column] * (1 - right) + upper_row[column + 1] * right;
      const float below = lower_row[column] * (1 - right) + lower_row[column + 1] * right;
      differences[i] = (above * (1 - lower) + below * lower) - first[i];
    }
    blend_eight(blend, x, k, eight_at(static_cast<const float*>(differences)), flow_x, flow_y);
  }
}

// Adds eight columns of a patch from (x, y) on.
inline void blend_columns(const Level& level, const Blend& blend, std::ptrdiff_t x,
                          std::ptrdiff_t y, std::ptrdiff_t height, float flow_x, float flow_y) {
  const Corner corner =
      corner_of(static_cast<float>(static_cast<std::int32_t>(x)) + flow_x,
                static_cast<float>(static_cast<std::int32_t>(y)) + flow_y, level, patch_size);
  const float end_x = static_cast<float>(static_cast<std::int32_t>(x + 7)) + flow_x;
  const float end_y = static_cast<float>(static_cast<std::int32_t>(y + height - 1)) + flow_y;
  if (end_x > static_cast<float>(static_cast<std::int32_t>(level.width)) - 1 - inside ||
      end_y > static_cast<float>(static_cast<std::int32_t>(level.height)) - 1 - inside) {
    blend_at_border(level, blend, x, y, height, flow_x, flow_y);
    return;
  }
  const float* first = level.first.row(y) + x;
  const float* second = level.second.origin + corner.offset;
  const float right = corner.beyond_x;
  const float left = 1 - right;
  const float lower = corner.beyond_y;
  const float upper = 1 - lower;
  Eight above = eight_at(second) * left + eight_at(second + 1) * right;
  for (std::ptrdiff_t k = 0; k < height; ++k) {
    second += level.second.pitch;
    const Eight below = eight_at(second) * left + eight_at(second + 1) * right;
    const Eight difference = (above * upper + below * lower) - eight_at(first);
    blend_eight(blend, x, y + k, difference, flow_x, flow_y);
    above = below;
    first += level.first.pitch;
  }
}

// The last patch of a row goes on to the picture's right border, and those of the last row to the
// lower border.
inline void densify_patches(const Level& level, const Patches& patches, const Plane& flow_x,
                            const Plane& flow_y, float* scratch) {
  const Blend blend{scratch, flow_x.pitch};
  for (std::ptrdiff_t i = 0; i < patches.rows; ++i) {
    const bool last = i + 1 == patches.rows;
    const std::ptrdiff_t top = i * patch_stride;
    const std::ptrdiff_t end = last ? level.height : top + patch_size;
    for (std::ptrdiff_t y = i == 0 ? 0 : top + patch_size - patch_stride; y < end; ++y) {
      for (std::ptrdiff_t sum = 0; sum < 3; ++sum) {
        float* values = blend.row(y, sum);
        for (std::ptrdiff_t x = 0; x < blend.pitch; ++x) values[x] = 0;
      }
    }
    for (std::ptrdiff_t j = 0; j < patches.columns; ++j) {
      const float u = patches.flow_x[i * patches.columns + j];
      const float v = patches.flow_y[i * patches.columns + j];
      const std::ptrdiff_t right = j + 1 == patches.columns ? level.width : 0;
      for (std::ptrdiff_t x = j * patch_stride; x == j * patch_stride || x < right;
           x += patch_size) {
        blend_columns(level, blend, x, top, patch_size, u, v);
        if (end > top + patch_size) {
          blend_columns(level, blend, x, top + patch_size, end - top - patch_size, u, v);
        }
      }
    }
    for (std::ptrdiff_t y = top; y < (last ? end : top + patch_stride); ++y) {
      const float* sum_x = blend.row(y, 0);
      const float* sum_y = blend.row(y, 1);
      const float* sum = blend.row(y, 2);
      float* u = flow_x.row(y);
      float* v = flow_y.row(y);
      LPAT_INDEPENDENT
      for (std::ptrdiff_t x = 0; x < level.width; ++x) {
        const float over = 1 / sum[x];
        u[x] = sum_x[x] * over;
        v[x] = sum_y[x] * over;
      }
    }
  }
}

}  // namespace
}  // namespace lpat::dis_flow
