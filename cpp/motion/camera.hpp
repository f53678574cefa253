// The camera's motion: what most of a field follows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "motion/kernels.hpp"

namespace lpat::motion {

// Of x, then of y: at the centre, and the change from there to the right and to the lower border.
using Coefficients = std::array<float, 6>;

// Positions from -1 to 1, evenly spaced.
std::vector<float> positions(std::size_t count);

// Fits fields of one size; keeps its memory from field to field.
class CameraFit {
 public:
  CameraFit(std::size_t height, std::size_t width, const Kernels& kernels);

  // Of a field (2, height, width).
  Coefficients fit(std::span<const float> field);

 private:
  void take_sample(std::span<const float> field);
  float median(const std::vector<float>& values);

  std::size_t height_;
  std::size_t width_;
  const Kernels& kernels_;
  std::size_t count_;
  std::vector<float> present_;
  std::vector<float> across_;
  std::vector<float> down_;
  std::vector<float> x_;
  std::vector<float> y_;
  std::vector<float> squared_;
  std::vector<std::int32_t> keys_;
};

}  // namespace lpat::motion
