// All that an iteration reads and writes, of one scale.
#pragma once

#include <cstddef>

#include "flow/buffer.hpp"
#include "tvl1/kernels.hpp"
#include "tvl1/pyramid.hpp"

namespace lpat::flow {

// A row's quantities lie together, so that a few rows fill few pages and share no cache line.
class Field {
 public:
  // A field of zeros.
  void reset(Size size) {
    size_ = size;
    shape_.width = static_cast<std::ptrdiff_t>(size.width);
    shape_.padded = static_cast<std::ptrdiff_t>(rounded_up(size.width + 1));
    // An odd number of cache lines: powers of two would all compete for the same places.
    const std::size_t lines = static_cast<std::size_t>(shape_.padded) / lane_count + 1;
    shape_.stride = static_cast<std::ptrdiff_t>((lines | 1) * lane_count);
    const std::size_t pitch = static_cast<std::size_t>(shape_.stride) * quantity_count;
    float* start = memory_.zeros((size.height + 1) * pitch + 2 * lane_count);
    origin_ = start + pitch + lane_count;
  }

  // A quantity of a row; row -1 is zero.
  float* row(std::ptrdiff_t y, Quantity quantity = flow_x) const {
    return origin_ + (y * quantity_count + quantity) * shape_.stride;
  }

  Plane plane(Quantity quantity) const {
    return {row(0, quantity), shape_.stride * quantity_count, size_};
  }

  const RowShape& shape() const { return shape_; }
  Size size() const { return size_; }

 private:
  Buffer memory_;
  float* origin_ = nullptr;
  RowShape shape_{};
  Size size_{};
};

}  // namespace lpat::flow
