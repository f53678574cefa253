// Floats that begin where a vector register's load is quickest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace lpat::flow {

inline constexpr std::size_t alignment = 64;  // bytes: a cache line, and the widest register
inline constexpr std::size_t lane_count = alignment / sizeof(float);

inline std::size_t rounded_up(std::size_t count) {
  return (count + lane_count - 1) / lane_count * lane_count;
}

// Memory that is kept from use to use, and grows as needed.
class Buffer {
 public:
  // At least `count` floats, all zero.
  float* zeros(std::size_t count) {
    float* data = floats(count);
    std::fill_n(data, count, 0.0F);
    return data;
  }

  // At least `count` floats of any value, but no NaN.
  float* floats(std::size_t count) {
    const bool grows = count > capacity_;
    float* data = unset(count);
    if (grows) std::fill_n(data, count, 0.0F);
    return data;
  }

  // At least `count` floats, to be set before they are read.
  float* unset(std::size_t count) {
    if (count > capacity_) {
      data_.reset();
      data_.reset(static_cast<float*>(
          ::operator new[](count * sizeof(float), std::align_val_t{alignment})));
      capacity_ = count;
    }
    return data_.get();
  }

 private:
  struct Delete {
    void operator()(float* data) const { ::operator delete[](data, std::align_val_t{alignment}); }
  };
  std::unique_ptr<float[], Delete> data_;
  std::size_t capacity_ = 0;
};

}  // namespace lpat::flow
