// Dense optical flow by dense inverse search.
//
// Kroeger, Timofte, Dai and Van Gool, "Fast optical flow using dense inverse search" (ECCV 2016), with
// the patches, the spatial propagation, the refinement and the defaults of OpenCV's DISOpticalFlow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lpat/frames.hpp"

namespace lpat {

// The defaults are OpenCV's preset "fast" at half of the frames' size. Patches have 8 x 8 pixels and
// lie 4 pixels apart.
struct DisOptions {
  std::size_t finest_scale = 1;   // flow is found at 1 / 2^finest_scale of the frames' size
  std::size_t descents = 16;      // steps of a patch at each scale, at most
  std::size_t refinements = 5;    // times that flow is made smooth at each scale
  double alpha = 20;              // weight of smoothness
  double delta = 5;               // weight of brightness
  double gamma = 10;              // weight of brightness's slopes
};

// Flow from each frame to the next: (count - 1, 2, height, width), in pixels; of the two, the first
// is along the width. A pixel at (x, y) of frame i is seen at (x + dx, y + dy) of frame i + 1.
//
// The result depends neither on the number of threads, 0 for as many as the machine runs at once,
// nor on the machine's instruction set: all give the same bits.
//
// Throws std::invalid_argument where frames are fewer than two, have less than 8 x 8 pixels at the
// finest scale or don't fill `values`, or an option is out of its range.
std::vector<float> dis(const Frames& frames, const DisOptions& options, std::size_t threads);

// The same with one of `dis_instruction_sets()`, by name; std::invalid_argument for another.
std::vector<float> dis(const Frames& frames, const DisOptions& options, std::size_t threads,
                       const std::string& instruction_set);

// The same for a pair of frames, on the thread that calls, into `flow` (height, width, 2). Throws as
// well where `flow` hasn't 2 * height * width values.
void dis_of_pair(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
                 std::size_t height, std::size_t width, const DisOptions& options,
                 std::span<float> flow);

// The instruction sets that this machine can use, the best last.
std::vector<std::string> dis_instruction_sets();

}  // namespace lpat
