// Dense optical flow by total variation and an L1 data term.
//
// Zach, Pock and Bischof, "A duality based approach for realtime TV-L1 optical flow" (DAGM 2007), as
// described by Sanchez, Meinhardt-Llopis and Facciolo, "TV-L1 optical flow estimation" (IPOL 2013),
// with the discretisation and the schedule of OpenCV's DualTVL1OpticalFlow.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lpat/frames.hpp"

namespace lpat {

struct Tvl1Options {
  std::size_t scales = 5;              // at most; none is less than 16 pixels high or wide
  double factor = 0.8;                 // of a scale's size to that of the next finer one
  std::size_t warps = 5;               // at each scale
  double lambda = 0.15;                // weight of the data term
  double theta = 0.3;                  // how closely both parts of the problem are coupled
  double tau = 0.25;                   // step of the dual variable; above 0.25 it may not converge
  double epsilon = 0.01;               // a warp ends where flow changes by less (RMS, pixels)
  std::size_t inner_iterations = 30;   // at most, after each median filter
  std::size_t outer_iterations = 10;   // median filters at each warp, at most
  bool warm_start = false;             // begin with the flow of the pair before
};

// The smallest height and width of a frame.
inline constexpr std::size_t tvl1_minimum_size = 16;

// Flow from each frame to the next: (count - 1, 2, height, width), in pixels; of the two, the first
// is along the width. A pixel at (x, y) of frame i is seen at (x + dx, y + dy) of frame i + 1.
//
// The result depends neither on the number of threads, 0 for as many as the machine runs at once,
// nor on the machine's instruction set: all give the same bits.
//
// Throws std::invalid_argument where frames are fewer than two, smaller than 16 x 16 or don't fill
// `values`, or an option is out of its range.
std::vector<float> tvl1(const Frames& frames, const Tvl1Options& options, std::size_t threads);

// The instruction sets that this machine can use: "portable" and, on x86-64, "avx2" and "avx512".
std::vector<std::string> tvl1_instruction_sets();

// The same with one of them, by name; std::invalid_argument for another.
std::vector<float> tvl1(const Frames& frames, const Tvl1Options& options, std::size_t threads,
                        const std::string& instruction_set);

}  // namespace lpat
