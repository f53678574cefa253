#include "lpat/motion.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/checks.hpp"
#include "motion/camera.hpp"
#include "motion/field.hpp"
#include "motion/kernel_sets.hpp"

namespace lpat {
namespace {

void require_count(std::size_t count, std::size_t expected, const std::string& name) {
  require(count == expected, name + " must have " + std::to_string(expected) + " values, not " +
                                 std::to_string(count));
}

void check(const FlowFields& fields) {
  require(std::min(fields.height, fields.width) >= motion_minimum_size,
          "fields must be at least 8 x 8, not " + std::to_string(fields.width) + " x " +
              std::to_string(fields.height));
  require_count(fields.values.size(), fields.count * 2 * fields.height * fields.width, "fields");
}

std::span<const float> field_of(const FlowFields& fields, std::size_t index) {
  const std::size_t size = 2 * fields.height * fields.width;
  return fields.values.subspan(index * size, size);
}

}  // namespace

std::vector<float> camera_motion(const FlowFields& fields, const std::string& instruction_set) {
  check(fields);
  motion::CameraFit fit(fields.height, fields.width, motion::kernels_of(instruction_set));
  std::vector<float> result;
  for (std::size_t i = 0; i < fields.count; ++i) {
    const auto coefficients = fit.fit(field_of(fields, i));
    result.insert(result.end(), coefficients.begin(), coefficients.end());
  }
  return result;
}

MotionStatistics describe_motion(const FlowFields& fields, const MotionOptions& options,
                                 const std::string& instruction_set) {
  check(fields);
  require(options.rows > 0, "rows must be at least 1, not 0");
  require(options.columns > 0, "columns must be at least 1, not 0");
  require(std::isfinite(options.still) && options.still > 0,
          "still must be positive and finite, not " + std::to_string(options.still));
  const motion::Kernels& kernels = motion::kernels_of(instruction_set);
  motion::CameraFit fit(fields.height, fields.width, kernels);
  motion::FieldMeter meter(fields.height, fields.width, options, kernels);
  constexpr std::size_t around = 9 * motion::direction_count;
  const std::size_t cells = options.rows * options.columns * motion_channels;
  MotionStatistics result;
  result.cells.resize(fields.count * cells);
  result.centred.resize(fields.count * around);
  for (std::size_t i = 0; i < fields.count; ++i) {
    const auto field = field_of(fields, i);
    const auto camera = fit.fit(field);
    result.camera.insert(result.camera.end(), camera.begin(), camera.end());
    meter.take(field, camera);
    meter.cells(std::span(result.cells).subspan(i * cells, cells));
    const auto focus = meter.focus();
    for (const float value : {focus.velocity_x, focus.velocity_y, focus.centre_x, focus.centre_y,
                              focus.extent_x, focus.extent_y, focus.energy}) {
      result.focus.push_back(value);
    }
    if (options.centred) meter.centred(focus, std::span(result.centred).subspan(i * around, around));
  }
  return result;
}

std::vector<float> halve_flow(std::span<const float> flow, std::size_t height, std::size_t width,
                              const FlowScaling& scaling, const std::string& instruction_set) {
  require(height % 2 == 0 && width % 2 == 0, "flow must have even height and width, not " +
                                                 std::to_string(width) + " x " +
                                                 std::to_string(height));
  require_count(flow.size(), height * width * 2, "flow");
  const motion::Kernels& kernels = motion::kernels_of(instruction_set);
  std::vector<float> result(height * width / 2);
  float* x = result.data();
  float* y = x + height * width / 4;
  for (std::size_t row = 0; row + 1 < height; row += 2, x += width / 2, y += width / 2) {
    const float* upper = flow.data() + row * width * 2;
    kernels.halve(upper, upper + 2 * width, static_cast<std::ptrdiff_t>(width / 2), scaling.x,
                  scaling.y, scaling.limit, x, y);
  }
  return result;
}

std::vector<float> camera_motion(const FlowFields& fields) {
  return camera_motion(fields, motion_instruction_sets().back());
}

MotionStatistics describe_motion(const FlowFields& fields, const MotionOptions& options) {
  return describe_motion(fields, options, motion_instruction_sets().back());
}

std::vector<float> halve_flow(std::span<const float> flow, std::size_t height, std::size_t width,
                              const FlowScaling& scaling) {
  return halve_flow(flow, height, width, scaling, motion_instruction_sets().back());
}

}  // namespace lpat
