// Inverse search: where in the second frame each patch of the first lies. For kernels.hpp.
#pragma once

#include "dis/eight.hpp"
#include "dis/kernels.hpp"

namespace lpat::dis_flow {
namespace {

// Patches are searched in so many stripes of rows, none of which knows of another.
inline constexpr std::ptrdiff_t stripe_count = 8;

// Sums over a patch: the change times each slope, the change, and its square.
struct Sums {
  float x;
  float y;
  float change;
  float square;
};

// A corner in a picture with borders and the fractions beyond it.
struct Corner {
  std::ptrdiff_t offset;
  float beyond_x;
  float beyond_y;
};

inline float clamped(float value, float least, float most) {
  const float low = value >= least ? value : least;  // NaN becomes the least
  return low <= most ? low : most;
}

// Of the pixel (x, y), at most `outside` pixels to the left of the picture or above it. Farther out
// nothing changes.
inline Corner corner_of(float x, float y, const Level& level, float outside) {
  constexpr auto edge = static_cast<float>(border);
  const float at_x = clamped(x + edge, edge - outside,
                             edge + static_cast<float>(static_cast<std::int32_t>(level.width - 1)));
  const float at_y = clamped(y + edge, edge - outside,
                             edge + static_cast<float>(static_cast<std::int32_t>(level.height - 1)));
  const auto whole_x = static_cast<std::int32_t>(at_x);
  const auto whole_y = static_cast<std::int32_t>(at_y);
  return {(whole_y - border) * level.second.pitch + (whole_x - border),
          at_x - static_cast<float>(whole_x), at_y - static_cast<float>(whole_y)};
}

// Four sums of a patch's columns, which the left half shares with the right one.
struct ColumnSums {
  Eight slopes{};   // times the slope in x, then in y
  Eight changes{};  // the change, then its square
};

#if defined(__GNUC__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define LPAT_SHUFFLES
#endif
#endif

// Adds the halves of one to the first half of a sum, and those of the other to the second.
inline void add_halves(const Eight& one, const Eight& other, Eight& sum) {
#ifdef LPAT_SHUFFLES
  sum += __builtin_shufflevector(one, other, 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(one, other, 4, 5, 6, 7, 12, 13, 14, 15);
#else
  float values[8];
  for (int i = 0; i < 4; ++i) {
    values[i] = one[i] + one[i + 4];
    values[i + 4] = other[i] + other[i + 4];
  }
  sum += eight_at(static_cast<const float*>(values));
#endif
}

inline Sums reduced(const ColumnSums& sums) {
  const Eight& a = sums.slopes;
  const Eight& b = sums.changes;
#ifdef LPAT_SHUFFLES
  const auto halves = __builtin_shufflevector(a, b, 0, 4, 8, 12, 1, 5, 9, 13) +
                      __builtin_shufflevector(a, b, 2, 6, 10, 14, 3, 7, 11, 15);
  const auto all = __builtin_shufflevector(halves, halves, 0, 1, 2, 3) +
                   __builtin_shufflevector(halves, halves, 4, 5, 6, 7);
  return {all[0], all[1], all[2], all[3]};
#else
  const auto sum = [](const Eight& v, int i) { return (v[i] + v[i + 2]) + (v[i + 1] + v[i + 3]); };
  return {sum(a, 0), sum(a, 4), sum(b, 0), sum(b, 4)};
#endif
}

// Of the patch whose first pixel in the first frame is at `offset`. Products and sums are made in
// OpenCV's order, as their rounding decides where a search ends that nothing else decides.
inline Sums sums_at(const Level& level, std::ptrdiff_t offset, const Corner& corner) {
  const float* first = level.first.origin + offset;
  const float* by_x = level.slope_x.origin + offset;
  const float* by_y = level.slope_y.origin + offset;
  const float* second = level.second.origin + corner.offset;
  const std::ptrdiff_t pitch = level.second.pitch;
  const float right = corner.beyond_x;
  const float left = 1 - right;
  const float lower = corner.beyond_y;
  const float upper = 1 - lower;
  const float upper_left = upper * left;
  const float upper_right = upper * right;
  const float lower_left = lower * left;
  const float lower_right = lower * right;
  ColumnSums sums;
#if defined(__GNUC__)
#pragma GCC unroll 8
#endif
  for (int row = 0; row < patch_size; ++row) {
    const Eight above = eight_at(second) * upper_left + eight_at(second + 1) * upper_right;
    second += pitch;
    const Eight difference = ((above + eight_at(second) * lower_left) +
                              eight_at(second + 1) * lower_right) - eight_at(first);
    add_halves(difference * eight_at(by_x), difference * eight_at(by_y), sums.slopes);
    add_halves(difference, difference * difference, sums.changes);
    first += pitch;
    by_x += pitch;
    by_y += pitch;
  }
  return reduced(sums);
}

// One patch while it is searched for.
struct Candidate {
  std::ptrdiff_t patch;
  std::ptrdiff_t offset;  // of its first pixel
  float column;
  float row;
  float begin_x;  // the flow from which it descends
  float begin_y;
  float x;        // the flow so far
  float y;
  float distance;
  Sums sums;      // at that flow
};

// Of pictures whose means are made the same.
inline float distance_of(const Sums& sums) {
  constexpr auto pixels = static_cast<float>(patch_size * patch_size);
  return sums.square - sums.change * sums.change / pixels;
}

inline Sums sums_of(const Level& level, const Candidate& candidate, float x, float y) {
  return sums_at(level, candidate.offset,
                 corner_of(candidate.column + x, candidate.row + y, level, patch_size - 1));
}

// Tries a neighbour's flow.
inline void try_flow(const Level& level, const Patches& patches, Candidate& candidate,
                     std::ptrdiff_t neighbour) {
  const float x = patches.flow_x[neighbour];
  const float y = patches.flow_y[neighbour];
  const Sums sums = sums_of(level, candidate, x, y);
  const float distance = distance_of(sums);
  if (distance < candidate.distance) {
    candidate.x = x;
    candidate.y = y;
    candidate.distance = distance;
    candidate.sums = sums;
  }
}

// A step of Gauss and Newton; whether the distance was less than before it.
inline bool descend(const Patches& patches, Candidate& candidate, float before) {
  constexpr auto pixels = static_cast<float>(patch_size * patch_size);
  constexpr float flat = 0.001F;
  const std::ptrdiff_t i = candidate.patch;
  const float xx = patches.sums[sum_xx][i];
  const float xy = patches.sums[sum_xy][i];
  const float yy = patches.sums[sum_yy][i];
  const float found = xx * yy - xy * xy;
  const float determinant = found < flat && found > -flat ? flat : found;
  const Sums& sums = candidate.sums;
  const float by_x = sums.x - sums.change * patches.sums[sum_x][i] / pixels;
  const float by_y = sums.y - sums.change * patches.sums[sum_y][i] / pixels;
  candidate.x -= (yy / determinant) * by_x - (xy / determinant) * by_y;
  candidate.y -= (xx / determinant) * by_y - (xy / determinant) * by_x;
  candidate.distance = distance_of(sums);
  return !(candidate.distance >= before);
}

// Those candidates are independent of each other, so that a processor has several at hand at once.
inline void search_candidates(const Level& level, const Patches& patches, Candidate* candidates,
                              std::ptrdiff_t count, std::ptrdiff_t iterations) {
  std::ptrdiff_t active[stripe_count];
  std::ptrdiff_t left = count;
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    active[k] = k;
    candidates[k].begin_x = candidates[k].x;
    candidates[k].begin_y = candidates[k].y;
  }
  for (std::ptrdiff_t t = 0; t < iterations && left > 0; ++t) {
    std::ptrdiff_t kept = 0;
    for (std::ptrdiff_t k = 0; k < left; ++k) {
      Candidate& candidate = candidates[active[k]];
      float before = 1e10F;
      if (t > 0) {
        before = candidate.distance;
        candidate.sums = sums_of(level, candidate, candidate.x, candidate.y);
      }
      active[kept] = active[k];
      kept += descend(patches, candidate, before) ? 1 : 0;
    }
    left = kept;
  }
  for (std::ptrdiff_t k = 0; k < count; ++k) {
    const Candidate& candidate = candidates[k];
    const float x = candidate.x - candidate.begin_x;
    const float y = candidate.y - candidate.begin_y;
    const bool near = x * x + y * y <= patch_size * patch_size;
    patches.flow_x[candidate.patch] = near ? candidate.x : candidate.begin_x;
    patches.flow_y[candidate.patch] = near ? candidate.y : candidate.begin_y;
  }
}

// Twice over all patches: from the top left one on, and back. Each tries the flow of the two
// neighbours that were searched before it.
inline void search_patches(const Level& level, const Patches& patches, std::ptrdiff_t iterations) {
  const std::ptrdiff_t tall = (patches.rows + stripe_count - 1) / stripe_count;
  for (int pass = 0; pass < 2; ++pass) {
    const std::ptrdiff_t step = pass == 0 ? 1 : -1;
    for (std::ptrdiff_t r = 0; r < tall; ++r) {
      for (std::ptrdiff_t c = 0; c < patches.columns; ++c) {
        const std::ptrdiff_t column = pass == 0 ? c : patches.columns - 1 - c;
        Candidate candidates[stripe_count];
        std::ptrdiff_t count = 0;
        for (std::ptrdiff_t begin = 0; begin < patches.rows; begin += tall) {
          const std::ptrdiff_t end = begin + tall < patches.rows ? begin + tall : patches.rows;
          if (begin + r >= end) break;
          const std::ptrdiff_t row = pass == 0 ? begin + r : end - 1 - r;
          Candidate& candidate = candidates[count++];
          candidate.patch = row * patches.columns + column;
          candidate.offset = row * patch_stride * level.first.pitch + column * patch_stride;
          candidate.column = static_cast<float>(static_cast<std::int32_t>(column * patch_stride));
          candidate.row = static_cast<float>(static_cast<std::int32_t>(row * patch_stride));
          candidate.x = patches.flow_x[candidate.patch];
          candidate.y = patches.flow_y[candidate.patch];
          candidate.sums = sums_of(level, candidate, candidate.x, candidate.y);
          candidate.distance = distance_of(candidate.sums);
        }
        for (std::ptrdiff_t k = 0; c > 0 && k < count; ++k) {
          try_flow(level, patches, candidates[k], candidates[k].patch - step);
        }
        for (std::ptrdiff_t k = 0; r > 0 && k < count; ++k) {
          try_flow(level, patches, candidates[k], candidates[k].patch - step * patches.columns);
        }
        search_candidates(level, patches, candidates, count, iterations);
      }
    }
  }
}

}  // namespace
}  // namespace lpat::dis_flow
