// The flow of one pair of frames, coarse to fine.
#pragma once

#include <span>
#include <vector>

#include "lpat/tvl1.hpp"
#include "tvl1/field.hpp"
#include "tvl1/kernels.hpp"
#include "tvl1/pyramid.hpp"

namespace lpat::flow {

// Keeps its memory from pair to pair; each thread has its own.
class Solver {
 public:
  Solver(const Tvl1Options& options, const std::vector<Size>& sizes, const Kernels& kernels);

  // Flow (2, H, W) in pixels from one frame to the other. It begins with `flow` where `warm`, and
  // with zero otherwise.
  void solve(const Pyramid& first, const Pyramid& second, std::span<float> flow, bool warm);

 private:
  void begin(std::size_t scale, std::span<const float> flow, bool warm);
  void refine(std::size_t scale);       // from the coarser one
  void warp(const Image& first, const Image& second);
  void smooth();                        // median filter of both components
  double iterate(std::size_t count);    // the last one's mean squared change, in pixels^2
  void settle();                        // iterations of one warp

  const Tvl1Options& options_;
  const std::vector<Size>& sizes_;
  const Kernels& kernels_;
  float unit_;  // pixels in a unit of flow
  Step step_;
  Field field_;
  Field finer_;
  Buffer plane_;
  Buffer scratch_;
};

}  // namespace lpat::flow
