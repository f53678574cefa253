#include "lpat/dis.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "events.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

py::array_t<float> dis_of(const py::array& frames, py::ssize_t finest_scale, py::ssize_t descents,
                           py::ssize_t refinements, double alpha, double delta, double gamma,
                           py::ssize_t threads, const std::optional<std::string>& instruction_set) {
  const auto values = view<std::uint8_t>(frames, "frames", {3});
  const Frames pictures{values, length(frames, 0), length(frames, 1), length(frames, 2)};
  DisOptions options;
  options.finest_scale = count_of(finest_scale, "finest_scale");
  options.descents = count_of(descents, "descents");
  options.refinements = count_of(refinements, "refinements");
  options.alpha = alpha;
  options.delta = delta;
  options.gamma = gamma;
  const std::size_t thread_count = count_of(threads, "threads");
  std::vector<float> flow;
  {
    py::gil_scoped_release release;
    flow = dis(pictures, options, thread_count,
               instruction_set.value_or(dis_instruction_sets().back()));
  }
  return array_of(std::move(flow), {frames.shape(0) - 1, 2, frames.shape(1), frames.shape(2)});
}

py::array_t<float> flow_of_pair(const py::array& first, const py::array& second) {
  const auto values = view<std::uint8_t>(first, "first", {2});
  const auto others = view<std::uint8_t>(second, "second", {2});
  const auto size_of = [](const py::array& frame) {
    return std::to_string(frame.shape(1)) + " x " + std::to_string(frame.shape(0));
  };
  if (first.shape(0) != second.shape(0) || first.shape(1) != second.shape(1)) {
    throw std::invalid_argument("second must have " + size_of(first) + " pixels as first, not " +
                                size_of(second));
  }
  py::array_t<float> flow({first.shape(0), first.shape(1), py::ssize_t{2}});
  const std::span<float> result(flow.mutable_data(), static_cast<std::size_t>(flow.size()));
  {
    py::gil_scoped_release release;
    dis_of_pair(values, others, length(first, 0), length(first, 1), {}, result);
  }
  return flow;
}

}  // namespace

void define_dis(py::module_& module) {
  const DisOptions defaults;
  module.def("dis", &dis_of, "frames"_a, py::kw_only(), "finest_scale"_a = defaults.finest_scale,
             "descents"_a = defaults.descents, "refinements"_a = defaults.refinements,
             "alpha"_a = defaults.alpha, "delta"_a = defaults.delta, "gamma"_a = defaults.gamma,
             "threads"_a = 0, "instruction_set"_a = py::none());
  module.def("dis_of_pair", &flow_of_pair, "first"_a, "second"_a);
  module.def("dis_instruction_sets", &dis_instruction_sets);
}

}  // namespace lpat::python
