// The flow of one pair of frames, coarse to fine.
#pragma once

#include <span>
#include <vector>

#include "dis/kernels.hpp"
#include "dis/scales.hpp"
#include "flow/buffer.hpp"
#include "lpat/dis.hpp"

namespace lpat::dis_flow {

// Where a pixel of flow (H, W, 2) or (2, H, W) lies.
struct Layout {
  std::ptrdiff_t row;
  std::ptrdiff_t component;  // 1 where components lie side by side
};

// Keeps its memory from pair to pair; each thread has its own.
class Solver {
 public:
  Solver(const DisOptions& options, Size frame, const std::vector<Size>& sizes,
         const Kernels& kernels);

  // Flow in pixels from one frame to the other.
  void solve(const Scales& first, const Scales& second, std::span<float> flow,
             const Layout& layout);

 private:
  void search(const Level& level, const Patches& patches, std::size_t scale);
  void refine(const Level& level);
  void linearise(const Level& level, std::ptrdiff_t front);
  void relax(const Level& level, std::ptrdiff_t front);
  void write(std::span<float> flow, const Layout& layout);

  static constexpr std::ptrdiff_t picture_rows = 4;

  float* row(std::ptrdiff_t y) const { return row_[static_cast<std::size_t>(y + 1)]; }
  float* pictures(std::ptrdiff_t y) const;

  const DisOptions& options_;
  Size frame_;
  const std::vector<Size>& sizes_;
  const Kernels& kernels_;
  Weights weights_;
  flow::Buffer memory_;
  flow::Buffer wide_;
  Plane slopes_[2];
  Plane flow_[2];     // of the scale at hand
  float* patches_;    // of the scale at hand, quantity after quantity
  float* scratch_;
  float* field_;
  std::ptrdiff_t rows_;  // of the field that there are
  // Each row's, from -1 to the height; memory is used in turn. Those outside are the same, of zeros.
  std::vector<float*> row_;
  float* pictures_;
  RowShape shape_;
};

}  // namespace lpat::dis_flow
