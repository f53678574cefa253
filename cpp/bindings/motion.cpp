#include "lpat/motion.hpp"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "events.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

FlowFields fields_of(const py::array& fields) {
  const auto values = view<float>(fields, "fields", {4});
  if (fields.shape(1) != 2) {
    throw std::invalid_argument("fields must be (F, 2, H, W), not have " +
                                std::to_string(fields.shape(1)) + " parts");
  }
  return {values, length(fields, 0), length(fields, 2), length(fields, 3)};
}

std::string chosen(const std::optional<std::string>& instruction_set) {
  return instruction_set.value_or(motion_instruction_sets().back());
}

py::array_t<float> camera_of(const py::array& fields,
                             const std::optional<std::string>& instruction_set) {
  const FlowFields its = fields_of(fields);
  std::vector<float> camera;
  {
    py::gil_scoped_release release;
    camera = camera_motion(its, chosen(instruction_set));
  }
  return array_of(std::move(camera), {fields.shape(0), 2, 3});
}

py::tuple statistics_of(const py::array& fields, py::ssize_t rows, py::ssize_t columns,
                        float still, bool boundaries, bool kinematics, bool centred,
                        const std::optional<std::string>& instruction_set) {
  const FlowFields its = fields_of(fields);
  const MotionOptions options{count_of(rows, "rows"), count_of(columns, "columns"), still,
                              boundaries, kinematics, centred};
  MotionStatistics found;
  {
    py::gil_scoped_release release;
    found = describe_motion(its, options, chosen(instruction_set));
  }
  const py::ssize_t count = fields.shape(0);
  return py::make_tuple(
      array_of(std::move(found.cells),
               {count, rows * columns, static_cast<py::ssize_t>(motion_channels)}),
      array_of(std::move(found.centred), {count, 9, 8}),
      array_of(std::move(found.camera), {count, 6}), array_of(std::move(found.focus), {count, 7}));
}

py::array_t<float> halved(const py::array& flow, float scale_x, float scale_y, float limit,
                          const std::optional<std::string>& instruction_set) {
  const auto values = view<float>(flow, "flow", {3});
  if (flow.shape(2) != 2) {
    throw std::invalid_argument("flow must be (H, W, 2), not have " +
                                std::to_string(flow.shape(2)) + " parts");
  }
  std::vector<float> field;
  {
    py::gil_scoped_release release;
    field = halve_flow(values, length(flow, 0), length(flow, 1), {scale_x, scale_y, limit},
                       chosen(instruction_set));
  }
  return array_of(std::move(field), {2, flow.shape(0) / 2, flow.shape(1) / 2});
}

}  // namespace

void define_motion(py::module_& module) {
  const MotionOptions defaults;
  module.def("camera_motion", &camera_of, "fields"_a, py::kw_only(),
             "instruction_set"_a = py::none());
  module.def("describe_motion", &statistics_of, "fields"_a, "rows"_a, "columns"_a, py::kw_only(),
             "still"_a = defaults.still, "boundaries"_a = true, "kinematics"_a = true,
             "centred"_a = true, "instruction_set"_a = py::none());
  module.def("halve_flow", &halved, "flow"_a, py::kw_only(), "scale_x"_a, "scale_y"_a, "limit"_a,
             "instruction_set"_a = py::none());
  module.def("motion_instruction_sets", &motion_instruction_sets);
}

}  // namespace lpat::python
