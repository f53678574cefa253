// Medians of 5 x 5 neighbourhoods. For kernels.hpp; without branches, so that compilers vectorise.
#pragma once

#include "flow/independent.hpp"
#include "tvl1/kernels.hpp"

namespace lpat::flow {
namespace {

// Puts the smaller of two values first.
struct Order {
  int first;
  int second;
};

// Sorts five values.
inline constexpr Order column_order[] = {
    {0, 1}, {3, 4}, {2, 4}, {2, 3}, {1, 4}, {0, 3}, {0, 2}, {1, 3}, {1, 2}};

// Leaves the median of 25 values at 12, where value 5 i + j is the i-th smallest of column j.
//
// Each row is sorted, then the smallest and the largest of the 13 values that may be the median are
// forgotten, again and again; steps that the columns' order makes superfluous are left out. A test of
// all inputs of zeros and ones proves it (Knuth, The Art of Computer Programming, 5.3.4).
inline constexpr Order median_order[] = {
    {0, 2}, {1, 2}, {1, 4}, {2, 4}, {0, 3}, {2, 3}, {8, 9}, {5, 6}, {6, 7}, {6, 9}, {7, 9},
    {5, 8}, {6, 8}, {13, 14}, {10, 11}, {10, 12}, {11, 12}, {11, 14}, {12, 14}, {10, 13},
    {11, 13}, {12, 13}, {15, 16}, {18, 19}, {17, 18}, {15, 18}, {16, 19}, {16, 18}, {22, 24},
    {20, 23}, {20, 22}, {21, 24}, {21, 23}, {21, 22}, {17, 15}, {11, 17}, {16, 13}, {16, 15},
    {7, 8}, {16, 9}, {16, 7}, {8, 15}, {8, 17}, {17, 20}, {7, 21}, {17, 7}, {17, 4}, {21, 20},
    {4, 7}, {21, 3}, {4, 21}, {3, 7}, {3, 21}, {3, 12}, {12, 21}};
inline constexpr int median_place = 12;

template <typename T, int count>
constexpr int size_of(const T (&)[count]) {
  return count;
}

template <const auto& orders, int step = 0>
inline void apply(float* values) {
  if constexpr (step < size_of(orders)) {
    constexpr Order order = orders[step];
    const float one = values[order.first];
    const float other = values[order.second];
    values[order.first] = one < other ? one : other;
    values[order.second] = one < other ? other : one;
    apply<orders, step + 1>(values);
  }
}

inline void median_row(const float* const* rows, float* result, const RowShape& shape,
                       float* scratch) {
  constexpr std::ptrdiff_t margin = 16;  // floats before the first pixel, of which two are used
  const std::ptrdiff_t pitch = shape.padded + 2 * margin;
  const float* r0 = rows[0] - margin;
  const float* r1 = rows[1] - margin;
  const float* r2 = rows[2] - margin;
  const float* r3 = rows[3] - margin;
  const float* r4 = rows[4] - margin;
  float* s0 = scratch;
  float* s1 = s0 + pitch;
  float* s2 = s1 + pitch;
  float* s3 = s2 + pitch;
  float* s4 = s3 + pitch;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < pitch; ++x) {
    float column[5] = {r0[x], r1[x], r2[x], r3[x], r4[x]};
    apply<column_order>(column);
    s0[x] = column[0];
    s1[x] = column[1];
    s2[x] = column[2];
    s3[x] = column[3];
    s4[x] = column[4];
  }
  float* median = result;
  const float* t0 = s0 + margin - 2;
  const float* t1 = s1 + margin - 2;
  const float* t2 = s2 + margin - 2;
  const float* t3 = s3 + margin - 2;
  const float* t4 = s4 + margin - 2;
  LPAT_INDEPENDENT
  for (std::ptrdiff_t x = 0; x < shape.padded; ++x) {
    float v[25] = {t0[x], t0[x + 1], t0[x + 2], t0[x + 3], t0[x + 4],
                   t1[x], t1[x + 1], t1[x + 2], t1[x + 3], t1[x + 4],
                   t2[x], t2[x + 1], t2[x + 2], t2[x + 3], t2[x + 4],
                   t3[x], t3[x + 1], t3[x + 2], t3[x + 3], t3[x + 4],
                   t4[x], t4[x + 1], t4[x + 2], t4[x + 3], t4[x + 4]};
    apply<median_order>(v);
    median[x] = v[median_place];
  }
}

}  // namespace
}  // namespace lpat::flow
