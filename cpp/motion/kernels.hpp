// The loops over pixels, once for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lpat::motion {

inline constexpr std::ptrdiff_t lane_count = 16;  // sums are made of so many, whatever the registers

// Pixels of a field on which its camera's motion is fitted. All arrays have `padded` values, of which
// those from `count` on are zero.
struct Sample {
  std::ptrdiff_t count;
  std::ptrdiff_t padded;  // a multiple of lane_count
  const float* present;   // 1 for each pixel
  const float* across;    // position from -1 to 1
  const float* down;
  const float* x;         // flow
  const float* y;
};

// What is summed over a sample, times the weights: 1, across, down, across^2, across * down, down^2,
// then the flow along x, and that times across and down, then as much for y.
inline constexpr std::ptrdiff_t fit_sums = 12;

// A pixel row of residual flow. There is a pixel more on either side, as there are rows more above and
// below: they continue the last difference, so that differences at the border are one-sided.
struct ResidualRow {
  const float* x;
  const float* y;
  std::ptrdiff_t width;
  std::ptrdiff_t pitch;  // from row to row
};

// Where a row's values are added to: in columns (slots, pitch) of each of two rows of cells.
struct Shares {
  float* first;
  float* second;         // not written where its weight is 0
  float first_weight;
  float second_weight;
  std::ptrdiff_t pitch;  // from slot to slot
};

inline constexpr std::ptrdiff_t direction_count = 8;
inline constexpr std::ptrdiff_t motion_slots = direction_count + 4;  // rest, speed, flow
inline constexpr std::ptrdiff_t kinematic_slots = 8;
inline constexpr std::ptrdiff_t boundary_slots = 2 * direction_count;
inline constexpr std::ptrdiff_t focus_slots = 5;  // squared speed, times flow x, y, down, down^2

struct Kernels {
  // Two rows of a flow (width * 2, 2) to a row of each part.
  void (*halve)(const float* upper, const float* lower, std::ptrdiff_t width, float scale_x,
                float scale_y, float limit, float* x, float* y);
  // The median of the first `count` of `padded` values; `keys` are as many whole numbers.
  float (*median)(const float* values, std::ptrdiff_t count, std::ptrdiff_t padded,
                  std::int32_t* keys);
  // Squared lengths of what is left of a sample's flow.
  void (*residuals)(const Sample& sample, const float* coefficients, float* squared);
  // Weighted sums of a sample; weights are 1 / (1 + squared / scale).
  void (*fit)(const Sample& sample, const float* squared, float scale, float* sums);
  // A row of flow less base + slope * across.
  void (*subtract)(const float* flow, const float* across, float base, float slope,
                   std::ptrdiff_t width, float* residual);
  void (*motion)(const ResidualRow& row, float still, const Shares& shares);
  void (*directions)(const ResidualRow& row, const Shares& shares);  // those of `motion` alone
  void (*kinematics)(const ResidualRow& row, const Shares& shares);
  void (*boundaries)(const ResidualRow& row, const Shares& shares);
  void (*focus)(const ResidualRow& row, float down, float* columns, std::ptrdiff_t pitch);
  // Sum of products; `padded` is a multiple of lane_count.
  float (*dot)(const float* one, const float* other, std::ptrdiff_t padded);
};

// Those of an instruction set.
extern const Kernels portable_kernels;
extern const Kernels avx2_kernels;  // these two where they are compiled
extern const Kernels avx512_kernels;

}  // namespace lpat::motion
