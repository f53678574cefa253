#include "lpat/predicted_ends.hpp"

#include "arrays.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

Matrix matrix_of(const py::array& array, const std::string& name) {
  const auto values = view<float>(array, name, {2});
  return {values, length(array), length(array, 1)};
}

py::array_t<double> fit_segments(const py::array& chances, const py::array& distances,
                                 const py::array& edges, const py::array& segments,
                                 const py::array& classes) {
  const PredictedEnds ends{matrix_of(chances, "chances"), matrix_of(distances, "distances"),
                           view<double>(edges, "edges", {1})};
  const auto intervals = view<double>(segments, "segments", {2});
  const auto columns = view<std::int64_t>(classes, "classes", {1});
  std::vector<double> fits;
  {
    py::gil_scoped_release release;
    fits = lpat::fit_segments(ends, intervals, columns);
  }
  return array_of(std::move(fits));
}

}  // namespace

void define_predicted_ends(py::module_& module) {
  module.def("fit_segments", &fit_segments, "chances"_a, "distances"_a, "edges"_a, "segments"_a,
             "classes"_a);
}

}  // namespace lpat::python
