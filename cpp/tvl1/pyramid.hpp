// A frame at each scale, with its gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "flow/buffer.hpp"

namespace lpat::flow {

struct Size {
  std::size_t height;
  std::size_t width;
};

// The sizes of a frame's scales, finest first: each is `factor` of the one before, rounded to whole
// pixels, half to even, as long as both sides have `smallest`.
std::vector<Size> scale_sizes(Size frame, std::size_t scales, double factor, std::size_t smallest);

// Grey and its central differences in x and y, side by side, with a border of zeros.
//
// What lies outside a picture is black, so a flow that leads outside finds no gradient there.
struct Image {
  static constexpr std::ptrdiff_t channels = 4;  // the fourth is zero
  static constexpr std::ptrdiff_t border = 4;

  const float* origin;   // pixel (0, 0)
  std::ptrdiff_t pitch;  // floats from row to row
  Size size;
};

class Pyramid {
 public:
  // All scales of a frame of sizes[0].
  void build(std::span<const std::uint8_t> frame, const std::vector<Size>& sizes, double factor);

  const Image& operator[](std::size_t scale) const { return images_[scale]; }

 private:
  std::vector<Buffer> memory_;
  std::vector<Image> images_;
  Buffer planes_[2];
};

struct Plane {
  const float* origin;
  std::ptrdiff_t pitch;  // floats from row to row
  Size size;
};

// Bilinear interpolation of a plane. Sample i of the result lies at (i + 0.5) * step - 0.5 of the
// plane, which continues at its borders as it ends.
void resample(const Plane& plane, double step_y, double step_x, float* result,
              std::ptrdiff_t result_pitch, Size result_size);

}  // namespace lpat::flow
