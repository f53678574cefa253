#include "lpat/tvl1.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "events.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

py::array_t<float> tvl1_of(const py::array& frames, py::ssize_t scales, double factor,
                           py::ssize_t warps, double lambda, double theta, double tau,
                           double epsilon, py::ssize_t inner_iterations,
                           py::ssize_t outer_iterations, bool warm_start, py::ssize_t threads,
                           const std::optional<std::string>& instruction_set) {
  const auto values = view<std::uint8_t>(frames, "frames", {3});
  const Frames pictures{values, length(frames, 0), length(frames, 1), length(frames, 2)};
  Tvl1Options options;
  options.scales = count_of(scales, "scales");
  options.factor = factor;
  options.warps = count_of(warps, "warps");
  options.lambda = lambda;
  options.theta = theta;
  options.tau = tau;
  options.epsilon = epsilon;
  options.inner_iterations = count_of(inner_iterations, "inner_iterations");
  options.outer_iterations = count_of(outer_iterations, "outer_iterations");
  options.warm_start = warm_start;
  const std::size_t thread_count = count_of(threads, "threads");
  std::vector<float> flow;
  {
    py::gil_scoped_release release;
    flow = tvl1(pictures, options, thread_count,
                instruction_set.value_or(tvl1_instruction_sets().back()));
  }
  return array_of(std::move(flow), {frames.shape(0) - 1, 2, frames.shape(1), frames.shape(2)});
}

}  // namespace

void define_tvl1(py::module_& module) {
  const Tvl1Options defaults;
  module.def("tvl1", &tvl1_of, "frames"_a, py::kw_only(), "scales"_a = defaults.scales,
             "factor"_a = defaults.factor, "warps"_a = defaults.warps,
             "lambda_"_a = defaults.lambda, "theta"_a = defaults.theta, "tau"_a = defaults.tau,
             "epsilon"_a = defaults.epsilon, "inner_iterations"_a = defaults.inner_iterations,
             "outer_iterations"_a = defaults.outer_iterations,
             "warm_start"_a = defaults.warm_start, "threads"_a = 0,
             "instruction_set"_a = py::none());
  module.def("tvl1_instruction_sets", &tvl1_instruction_sets);
}

}  // namespace lpat::python
