#include "tvl1/solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lpat::flow {
namespace {

constexpr std::size_t most_at_once = 4;  // iterations that follow each other over the rows

// Iterations that can follow `done` ones without going beyond the last that is needed. The change
// falls at most with the square of their number; `ratio` is that to what is enough.
std::size_t sure_iterations(std::size_t done, double ratio) {
  if (done == 0) return 1;
  const double more = static_cast<double>(done) * (std::sqrt(ratio) - 1);
  return static_cast<std::size_t>(std::clamp(more, 1.0, static_cast<double>(most_at_once)));
}

// Fills a field's quantity with a plane of another size, multiplied.
void stretch(const Plane& plane, Field& field, Quantity quantity, float multiplier) {
  const auto ratio = [](std::size_t from, std::size_t to) {
    return static_cast<double>(from) / static_cast<double>(to);
  };
  const Plane result = field.plane(quantity);
  resample(plane, ratio(plane.size.height, result.size.height),
           ratio(plane.size.width, result.size.width), field.row(0, quantity), result.pitch,
           result.size);
  for (std::size_t y = 0; y < result.size.height; ++y) {
    float* row = field.row(static_cast<std::ptrdiff_t>(y), quantity);
    std::transform(row, row + result.size.width, row, [&](float u) { return u * multiplier; });
  }
}

}  // namespace

Solver::Solver(const Tvl1Options& options, const std::vector<Size>& sizes, const Kernels& kernels)
    : options_(options),
      sizes_(sizes),
      kernels_(kernels),
      unit_(static_cast<float>(options.theta / options.tau)),
      step_{static_cast<float>(options.tau),
            static_cast<float>(options.lambda * options.tau * options.tau / options.theta)} {}

void Solver::solve(const Pyramid& first, const Pyramid& second, std::span<float> flow, bool warm) {
  begin(sizes_.size() - 1, flow, warm);
  for (std::size_t scale = sizes_.size(); scale-- > 0;) {
    for (std::size_t i = 0; i < options_.warps; ++i) {
      warp(first[scale], second[scale]);
      settle();
    }
    if (scale > 0) refine(scale - 1);
  }
  const auto [height, width] = field_.size();
  for (const Quantity quantity : {flow_x, flow_y}) {
    float* plane = flow.data() + static_cast<std::size_t>(quantity) * height * width;
    for (std::size_t y = 0; y < height; ++y) {
      const float* row = field_.row(static_cast<std::ptrdiff_t>(y), quantity);
      std::transform(row, row + width, plane + y * width, [&](float u) { return u * unit_; });
    }
  }
}

void Solver::begin(std::size_t scale, std::span<const float> flow, bool warm) {
  field_.reset(sizes_[scale]);
  if (!warm) return;
  const auto [height, width] = sizes_[0];
  const auto shrunk = static_cast<float>(std::pow(options_.factor, scale));
  for (const Quantity quantity : {flow_x, flow_y}) {
    const float* plane = flow.data() + static_cast<std::size_t>(quantity) * height * width;
    stretch({plane, static_cast<std::ptrdiff_t>(width), sizes_[0]}, field_, quantity,
            shrunk / unit_);
  }
}

void Solver::refine(std::size_t scale) {
  finer_.reset(sizes_[scale]);
  const auto growth = static_cast<float>(1 / options_.factor);
  for (const Quantity quantity : {flow_x, flow_y}) {
    stretch(field_.plane(quantity), finer_, quantity, growth);
  }
  std::swap(field_, finer_);
}

void Solver::warp(const Image& first, const Image& second) {
  const RowShape& shape = field_.shape();
  float* scratch = scratch_.floats(10 * static_cast<std::size_t>(shape.padded));
  const auto height = static_cast<std::ptrdiff_t>(field_.size().height);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    kernels_.warp(field_.row(y), shape,
                  {second.origin, second.pitch, height, first.origin + y * first.pitch, y, unit_},
                  scratch);
  }
}

void Solver::smooth() {
  const RowShape& shape = field_.shape();
  const auto height = static_cast<std::ptrdiff_t>(field_.size().height);
  const std::ptrdiff_t pitch = shape.padded + 2 * static_cast<std::ptrdiff_t>(lane_count);
  const auto lanes = static_cast<std::ptrdiff_t>(lane_count);
  float* copies = plane_.floats(static_cast<std::size_t>(height * pitch));
  float* scratch = scratch_.floats(static_cast<std::size_t>(5 * pitch));
  for (const Quantity quantity : {flow_x, flow_y}) {
    for (std::ptrdiff_t y = 0; y < height; ++y) {
      const float* row = field_.row(y, quantity);
      float* copy = copies + y * pitch + lanes;
      std::copy_n(row, shape.width, copy);
      std::fill_n(copy - 2, 2, row[0]);
      std::fill_n(copy + shape.width, 2, row[shape.width - 1]);
    }
    for (std::ptrdiff_t y = 0; y < height; ++y) {
      const float* rows[5];
      for (std::ptrdiff_t i = 0; i < 5; ++i) {
        rows[i] = copies + std::clamp<std::ptrdiff_t>(y + i - 2, 0, height - 1) * pitch + lanes;
      }
      kernels_.median(rows, field_.row(y, quantity), shape, scratch);
    }
  }
}

double Solver::iterate(std::size_t count) {
  const RowShape& shape = field_.shape();
  const auto height = static_cast<std::ptrdiff_t>(field_.size().height);
  const auto iterations = static_cast<std::ptrdiff_t>(count);
  float* changes = scratch_.floats(static_cast<std::size_t>(shape.padded));
  double sum = 0;
  // Iteration k is two rows behind the one before, whose dual step has then passed.
  for (std::ptrdiff_t front = 0; front < height + 2 * iterations - 1; ++front) {
    for (std::ptrdiff_t k = 0; k < iterations; ++k) {
      const std::ptrdiff_t y = front - 2 * k;
      if (y < 0 || y > height) continue;
      if (y < height) {
        sum += kernels_.primal(field_.row(y), field_.row(y - 1), shape, step_,
                               k + 1 == iterations ? changes : nullptr);
      }
      if (y > 0) kernels_.dual(field_.row(y - 1), field_.row(std::min(y, height - 1)), shape);
    }
  }
  return sum * unit_ * unit_ / static_cast<double>(height * shape.width);
}

void Solver::settle() {
  const double enough = options_.epsilon * options_.epsilon;
  double change = std::numeric_limits<double>::infinity();
  for (std::size_t outer = 0; change > enough && outer < options_.outer_iterations; ++outer) {
    smooth();
    std::size_t done = 0;
    while (change > enough && done < options_.inner_iterations) {
      const std::size_t count = std::min(sure_iterations(done, change / enough),
                                         options_.inner_iterations - done);
      change = iterate(count);
      done += count;
    }
  }
}

}  // namespace lpat::flow
