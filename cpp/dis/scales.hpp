// A frame at each scale, with borders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dis/kernels.hpp"
#include "flow/buffer.hpp"

namespace lpat::dis_flow {

struct Size {
  std::size_t height;
  std::size_t width;
};

// Sizes of the scales at which flow is searched for, finest first. The finest is the frame's divided
// by 2^finest, and each is half of the one before, rounded down.
std::vector<Size> scale_sizes(Size frame, std::size_t finest);

// Floats from row to row of a picture of this width, with its borders.
std::ptrdiff_t pitch_of(std::size_t width);

class Scales {
 public:
  // All scales of a frame.
  void build(std::span<const std::uint8_t> frame, Size size, const std::vector<Size>& sizes,
             const Kernels& kernels);

  const Plane& operator[](std::size_t scale) const { return planes_[scale]; }

 private:
  flow::Buffer memory_;
  std::vector<Plane> planes_;
};

}  // namespace lpat::dis_flow
