// Statistics of optical flow, from which the motion features of a video are made.
//
// Histograms of directions are those of Dalal, Triggs and Schmid (2006); divergence, curl and shear
// those of Jain, Jegou and Bouthemy (2013).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace lpat {

// Fields of flow of one size, one after the other: of each its part along the width, row by row, then
// that along the height.
struct FlowFields {
  std::span<const float> values;  // (count, 2, height, width)
  std::size_t count;
  std::size_t height;
  std::size_t width;
};

// The smallest height and width of a field.
inline constexpr std::size_t motion_minimum_size = 8;

// What a cell's values are, in their order. Each is a mean over the field's pixels, of which those
// outside the cell count as zero, so that cells add up to the mean of the field.
enum MotionChannel : std::size_t {
  motion_directions = 0,   // 8: motion in each direction, from +x towards +y
  motion_rest = 8,         // share of the pixels at rest
  motion_speed = 9,
  motion_boundaries = 10,  // 16: gradients of the flow along x, then along y, in each direction
  motion_kinematics = 26,  // 8: divergence, curl and both shears, each positive and negative part
  motion_net = 34,         // 2: mean flow along x and y
  motion_channels = 36,
};

struct MotionOptions {
  std::size_t rows = 3;     // of the grid of cells
  std::size_t columns = 4;
  float still = 0.3F;       // speed below which a pixel begins to count as at rest
  bool boundaries = true;   // whether these are computed; else they are 0
  bool kinematics = true;
  bool centred = true;
};

// Of F fields, with the camera's motion removed.
struct MotionStatistics {
  std::vector<float> cells;    // (F, rows * columns, motion_channels)
  std::vector<float> centred;  // (F, 9, 8): directions in 3 x 3 cells around where the motion is
  std::vector<float> camera;   // (F, 2, 3): see `camera_motion`
  // (F, 7): of the moving thing, in which pixels count by the square of their speed: velocity along x
  // and y; centre and extent, from -1 to 1 over the width; mean squared speed of the field.
  std::vector<float> focus;
};

// Coefficients (F, 2, 3) of the affine motion that most of each field follows.
//
// The rows are for x and y; the columns are the motion at the centre, and its change from the centre
// to the right and to the lower border. Fitted by iteratively reweighted least squares with Cauchy
// weights, begun at the median, on every fourth row and column. The scale of the weights is the
// median residual, so that what moves on less than half of the field is ignored.
//
// Throws std::invalid_argument where fields are smaller than 8 x 8 or don't fill `values`.
std::vector<float> camera_motion(const FlowFields& fields);

// The statistics of fields; a field's don't depend on the others.
//
// Throws std::invalid_argument where fields are smaller than 8 x 8 or don't fill `values`, the grid
// has no cell, or `still` isn't positive.
MotionStatistics describe_motion(const FlowFields& fields, const MotionOptions& options);

// How flow in pixels of a frame becomes flow of a field.
struct FlowScaling {
  float x = 1;      // factors of the flow along each axis
  float y = 1;
  float limit = 0;  // of either part, afterwards
};

// A field (2, height / 2, width / 2) of a flow (height, width, 2) of a frame: means of 2 x 2 pixels,
// scaled, then limited. What is no number becomes 0.
//
// Throws std::invalid_argument where height or width is odd, or doesn't fit `flow`.
std::vector<float> halve_flow(std::span<const float> flow, std::size_t height, std::size_t width,
                              const FlowScaling& scaling);

// The instruction sets that this machine can use: "portable" and, on x86-64, "avx2" and "avx512". All
// give the same bits, and the functions above take the last.
std::vector<std::string> motion_instruction_sets();

// The same with one of them, by name; std::invalid_argument for another.
std::vector<float> camera_motion(const FlowFields& fields, const std::string& instruction_set);
MotionStatistics describe_motion(const FlowFields& fields, const MotionOptions& options,
                                 const std::string& instruction_set);
std::vector<float> halve_flow(std::span<const float> flow, std::size_t height, std::size_t width,
                              const FlowScaling& scaling, const std::string& instruction_set);

}  // namespace lpat
