// One field of flow, without its camera's motion, and what is measured of it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lpat/motion.hpp"
#include "motion/camera.hpp"
#include "motion/kernels.hpp"

namespace lpat::motion {

// By how much a position belongs to the cells along an axis: to at most two that follow each other.
struct CellShare {
  std::size_t first;
  float first_weight;
  float second_weight;
};

// Of each of `length` positions. One between two cells' centres is shared linearly, as in SIFT, so
// that what moves by a little changes the histograms by a little.
std::vector<CellShare> cell_shares(std::size_t length, std::size_t cells);

// Where the moving thing is.
struct Focus {
  float velocity_x, velocity_y;
  float centre_x, centre_y;
  float extent_x, extent_y;
  float energy;  // mean squared speed
};

// Measures fields of one size; keeps its memory from field to field.
class FieldMeter {
 public:
  FieldMeter(std::size_t height, std::size_t width, const MotionOptions& options,
             const Kernels& kernels);

  // Takes the residual of a field (2, height, width).
  void take(std::span<const float> field, const Coefficients& camera);

  void cells(std::span<float> result);  // (rows * columns, motion_channels)
  Focus focus();
  void centred(const Focus& focus, std::span<float> result);  // (9, 8)

 private:
  ResidualRow row(std::size_t y) const;
  std::span<float> cleared(std::size_t count);
  Shares shares_of(float* sums, std::size_t slots, const CellShare& share) const;
  float dot(const float* columns, const std::vector<float>& weights) const;

  std::size_t height_;
  std::size_t width_;
  std::size_t pitch_;
  const MotionOptions& options_;
  const Kernels& kernels_;
  std::vector<float> across_;         // -1 to 1 over the width; padded with zeros, as those below
  std::vector<float> across_square_;
  std::vector<float> ones_;
  std::vector<float> down_;           // in units of half the width
  std::vector<float> slope_down_;     // -1 to 1 over the height
  std::vector<CellShare> row_shares_;
  std::vector<std::vector<float>> column_weights_;
  std::vector<float> residual_;
  std::vector<float> sums_;
};

}  // namespace lpat::motion
