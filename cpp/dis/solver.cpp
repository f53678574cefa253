#include "dis/solver.hpp"

#include <algorithm>
#include <cmath>

namespace lpat::dis_flow {
namespace {

Position position_of(std::ptrdiff_t index, std::ptrdiff_t finer, std::ptrdiff_t coarser) {
  const double step = static_cast<double>(coarser) / static_cast<double>(finer);
  const double at = std::clamp((static_cast<double>(index) + 0.5) * step - 0.5, 0.0,
                               static_cast<double>(coarser - 1));
  const auto before = static_cast<std::int32_t>(at);
  return {before, std::min(before + 1, static_cast<std::int32_t>(coarser - 1)),
          static_cast<float>(at - static_cast<double>(before))};
}

float mixed(float before, float after, float fraction) {
  return before + (after - before) * fraction;
}

float sample(const Plane& plane, const Position& column, const Position& row) {
  const float* upper = plane.row(row.before);
  const float* lower = plane.row(row.after);
  return mixed(mixed(upper[column.before], upper[column.after], column.fraction),
               mixed(lower[column.before], lower[column.after], column.fraction), row.fraction);
}

RowShape shape_of(std::ptrdiff_t width) {
  const std::ptrdiff_t blocks = (width / 2 + 1 + lanes - 1) / lanes;
  // An odd number of cache lines: powers of two would all compete for the same places.
  return {width, blocks, ((blocks + 2) | 1) * lanes};
}

constexpr std::ptrdiff_t half_steps = 10;  // five times all even and all odd pixels

// Rows by which each time of the refinement follows the one before, so that what is done to one row
// of each needs nothing of the others.
constexpr std::ptrdiff_t lag = half_steps + 1;

}  // namespace

Solver::Solver(const DisOptions& options, Size frame, const std::vector<Size>& sizes,
               const Kernels& kernels)
    : options_(options),
      frame_(frame),
      sizes_(sizes),
      kernels_(kernels),
      weights_{static_cast<float>(options.alpha / 2), static_cast<float>(options.delta / 2),
               static_cast<float>(options.gamma / 2)} {
  const auto [height, width] = sizes[0];
  const auto pitch = static_cast<std::size_t>(pitch_of(width));
  const std::size_t plane = (height + 1) * pitch;
  const std::size_t patches = (height / patch_stride) * (width / patch_stride);
  shape_ = shape_of(static_cast<std::ptrdiff_t>(width));
  rows_ = std::min(static_cast<std::ptrdiff_t>(height),
                   static_cast<std::ptrdiff_t>(options.refinements) * lag + 4);
  const auto field = static_cast<std::size_t>((rows_ + 1) * floats_of_row(shape_));
  const auto pictures =
      static_cast<std::size_t>((picture_rows + 1) * 2 * picture_count * shape_.stride);
  float* next = memory_.unset(4 * plane + 7 * flow::rounded_up(patches) + 36 * pitch + field +
                               pictures);
  for (Plane* of : {&slopes_[0], &slopes_[1], &flow_[0], &flow_[1]}) {
    *of = {next, static_cast<std::ptrdiff_t>(pitch)};
    next += plane;
  }
  patches_ = next;
  next += 7 * flow::rounded_up(patches);
  scratch_ = next;
  next += 36 * pitch;
  field_ = next;
  pictures_ = next + field;
}

void Solver::solve(const Scales& first, const Scales& second, std::span<float> flow,
                   const Layout& layout) {
  for (std::size_t scale = sizes_.size(); scale-- > 0;) {
    const auto height = static_cast<std::ptrdiff_t>(sizes_[scale].height);
    const auto width = static_cast<std::ptrdiff_t>(sizes_[scale].width);
    for (Plane& plane : slopes_) plane.pitch = first[scale].pitch;
    const Level level{width, height, first[scale], second[scale], slopes_[0], slopes_[1]};
    Patches patches{1 + (height - patch_size) / patch_stride,
                    1 + (width - patch_size) / patch_stride, {}, nullptr, nullptr};
    float* next = patches_;
    for (float** values : {&patches.sums[0], &patches.sums[1], &patches.sums[2], &patches.sums[3],
                           &patches.sums[4], &patches.flow_x, &patches.flow_y}) {
      *values = next;
      next += patches.rows * patches.columns;
    }
    search(level, patches, scale);
    for (Plane& plane : flow_) plane.pitch = pitch_of(sizes_[scale].width);
    kernels_.densify(level, patches, flow_[0], flow_[1], scratch_);
    if (options_.refinements > 0) refine(level);
  }
  write(flow, layout);
}

void Solver::search(const Level& level, const Patches& patches, std::size_t scale) {
  constexpr std::ptrdiff_t middle = patch_size / 2;
  const std::ptrdiff_t count = patches.rows * patches.columns;
  if (scale + 1 == sizes_.size()) {
    std::fill_n(patches.flow_x, count, 0.0F);
    std::fill_n(patches.flow_y, count, 0.0F);
  } else {
    const auto height = static_cast<std::ptrdiff_t>(sizes_[scale + 1].height);
    const auto width = static_cast<std::ptrdiff_t>(sizes_[scale + 1].width);
    std::vector<Position> columns;
    for (std::ptrdiff_t j = 0; j < patches.columns; ++j) {
      columns.push_back(position_of(j * patch_stride + middle, level.width, width));
    }
    for (std::ptrdiff_t i = 0; i < patches.rows; ++i) {
      const Position row = position_of(i * patch_stride + middle, level.height, height);
      for (std::ptrdiff_t j = 0; j < patches.columns; ++j) {
        const auto column = columns[static_cast<std::size_t>(j)];
        patches.flow_x[i * patches.columns + j] = 2 * sample(flow_[0], column, row);
        patches.flow_y[i * patches.columns + j] = 2 * sample(flow_[1], column, row);
      }
    }
  }
  kernels_.differentiate(level);
  kernels_.sum_slopes(level, patches, scratch_);
  kernels_.search(level, patches, static_cast<std::ptrdiff_t>(options_.descents / 2));
}

float* Solver::pictures(std::ptrdiff_t y) const {
  return pictures_ + (y + picture_rows) % picture_rows * 2 * picture_count * shape_.stride;
}

// Each step follows the one before a row behind, whose rows it needs, and each time of the refinement
// the one before it.
void Solver::refine(const Level& level) {
  shape_ = shape_of(level.width);
  const std::ptrdiff_t floats = floats_of_row(shape_);
  float* outside = field_ + rows_ * floats;
  std::fill_n(outside, floats, 0.0F);
  row_.assign(static_cast<std::size_t>(level.height) + 2, outside);
  for (std::ptrdiff_t y = 0; y < level.height; ++y) {
    row_[static_cast<std::size_t>(y + 1)] = field_ + y % rows_ * floats;
  }
  const auto times = static_cast<std::ptrdiff_t>(options_.refinements);
  for (std::ptrdiff_t front = 0; front < level.height + 2 + times * lag; ++front) {
    linearise(level, front);
    relax(level, front - 3);
    const std::ptrdiff_t done = front - 1 - times * lag;
    if (done < 0 || done >= level.height) continue;
    const std::ptrdiff_t distance = line_count * shape_.stride;
    float* lines = row(done) + lanes;
    kernels_.merge(lines, flow_[0].row(done), distance, shape_, done);
    kernels_.merge(lines + shape_.stride, flow_[1].row(done), distance, shape_, done);
  }
}

void Solver::linearise(const Level& level, std::ptrdiff_t front) {
  const auto pictures_at = [&](std::ptrdiff_t y) {
    return Rows{pictures(y - 1), pictures(y), pictures(y + 1), y, level.height};
  };
  if (front < level.height) {
    const std::ptrdiff_t distance = line_count * shape_.stride;
    float* lines = row(front) + lanes;
    kernels_.split(flow_[0].row(front), lines, distance, shape_, front);
    kernels_.split(flow_[1].row(front), lines + shape_.stride, distance, shape_, front);
    kernels_.warp(level, flow_[0].row(front), flow_[1].row(front), pictures(front), shape_, front,
                  scratch_);
  }
  if (front >= 1 && front - 1 < level.height) kernels_.slopes(pictures_at(front - 1), shape_);
  if (front >= 2 && front - 2 < level.height) {
    kernels_.linearise(pictures_at(front - 2), row(front - 2), shape_);
  }
}

void Solver::relax(const Level& level, std::ptrdiff_t front) {
  const auto times = static_cast<std::ptrdiff_t>(options_.refinements);
  const auto rows_at = [&](std::ptrdiff_t y) {
    return Rows{row(y - 1), row(y), row(y + 1), y, level.height};
  };
  for (std::ptrdiff_t y = front; y > front - times * lag; y -= lag) {
    if (y >= 0 && y < level.height) kernels_.system(rows_at(y), shape_, weights_, scratch_);
  }
  for (std::ptrdiff_t step = 0; step < half_steps; ++step) {
    for (std::ptrdiff_t y = front - step; y > front - step - times * lag; y -= lag) {
      if (y >= 0 && y < level.height) kernels_.relax(rows_at(y), shape_, step % 2);
    }
  }
}

void Solver::write(std::span<float> flow, const Layout& layout) {
  const auto height = static_cast<std::ptrdiff_t>(sizes_[0].height);
  const auto width = static_cast<std::ptrdiff_t>(sizes_[0].width);
  const auto full_height = static_cast<std::ptrdiff_t>(frame_.height);
  const auto full_width = static_cast<std::ptrdiff_t>(frame_.width);
  const auto unit = static_cast<float>(std::size_t{1} << options_.finest_scale);
  std::vector<Position> columns;
  for (std::ptrdiff_t x = 0; full_width != 2 * width && x < full_width; ++x) {
    columns.push_back(position_of(x, full_width, width));
  }
  // Two rows of both components, widened; row y in place y % 2.
  const auto wide = static_cast<std::ptrdiff_t>(flow::rounded_up(frame_.width));
  float* rows = wide_.unset(static_cast<std::size_t>(4 * wide));
  std::ptrdiff_t widened = 0;
  for (std::ptrdiff_t y = 0; y < full_height; ++y) {
    const Position position = position_of(y, full_height, height);
    for (; widened <= position.after; ++widened) {
      for (std::ptrdiff_t component = 0; component < 2; ++component) {
        float* to = rows + (widened % 2 * 2 + component) * wide;
        kernels_.widen(flow_[component].row(widened), width, unit, columns.data(), to, full_width);
      }
    }
    float* to = flow.data() + y * layout.row;
    kernels_.mix(rows + position.before % 2 * 2 * wide, rows + position.after % 2 * 2 * wide,
                 wide, position.fraction, to, layout.component, full_width);
  }
}

}  // namespace lpat::dis_flow
