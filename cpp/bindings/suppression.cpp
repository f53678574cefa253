#include "lpat/suppression.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

ScoredSegments detections_view(const py::array& segments, const py::array& classes,
                               const py::array& scores) {
  const auto times = view<double>(segments, "segments", {2});
  if (segments.shape(1) != 2) {
    throw std::invalid_argument("segments must have shape (N, 2), not " +
                                std::string(py::str(segments.attr("shape"))));
  }
  const std::size_t count = length(segments);
  return {{times},
          view_of_length<std::int64_t>(classes, "classes", count),
          view_of_length<double>(scores, "scores", count)};
}

py::array_t<std::int64_t> suppress(const py::array& segments, const py::array& classes,
                                   const py::array& scores, double tiou) {
  const auto detections = detections_view(segments, classes, scores);
  std::vector<std::int64_t> kept;
  {
    py::gil_scoped_release release;
    kept = lpat::suppress(detections, tiou);
  }
  return array_of(std::move(kept));
}

std::pair<py::array_t<std::int64_t>, py::array_t<double>> soften(
    const py::array& segments, const py::array& classes, const py::array& scores,
    const std::string& decay, double sigma, double tiou, double minimum_score) {
  const auto detections = detections_view(segments, classes, scores);
  const auto choice = choice_of<Decay>(
      decay, "decay", {{"gaussian", Decay::gaussian}, {"linear", Decay::linear}});
  Softened softened;
  {
    py::gil_scoped_release release;
    softened = lpat::soften(detections, {choice, sigma, tiou, minimum_score});
  }
  return {array_of(std::move(softened.indices)), array_of(std::move(softened.scores))};
}

}  // namespace

void define_suppression(py::module_& module) {
  module.def("suppress", &suppress, "segments"_a, "classes"_a, "scores"_a, py::kw_only(),
             "tiou"_a);
  module.def("soften", &soften, "segments"_a, "classes"_a, "scores"_a, py::kw_only(), "decay"_a,
             "sigma"_a, "tiou"_a, "minimum_score"_a);
}

}  // namespace lpat::python
