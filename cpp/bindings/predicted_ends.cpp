#include "lpat/predicted_ends.hpp"

#include "arrays.hpp"
#include "modules.hpp"
#include "runs.hpp"

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

struct Proposals {
  py::array_t<std::int64_t> classes;   // (N,), as are those below
  py::array_t<std::int64_t> snippets;  // that predict them
  py::array_t<double> segments;        // (N, 2) [start, end) seconds
  py::array_t<double> chance;
  py::array_t<double> peak;
  py::array_t<double> contrast;

  explicit Proposals(const std::vector<Proposal>& proposals)
      : classes(columns_of<std::int64_t>(proposals, {&Proposal::class_index})),
        snippets(columns_of<std::int64_t>(proposals, {&Proposal::snippet})),
        segments(columns_of<double>(proposals, {&Proposal::start, &Proposal::end})),
        chance(columns_of<double>(proposals, {&Proposal::chance})),
        peak(columns_of<double>(proposals, {&Proposal::peak})),
        contrast(columns_of<double>(proposals, {&Proposal::contrast})) {}
};

Proposals propose_segments(const py::array& chances, const py::array& distances,
                           const py::array& scores, const py::array& threshold,
                           const py::array& edges, const py::array& classes, double lowest_chance,
                           double highest_share, double sharpness) {
  const PredictedEnds ends{matrix_of(chances, "chances"), matrix_of(distances, "distances"),
                           view<double>(edges, "edges", {1})};
  const Matrix values = scores_view(scores);
  const Matrix thresholds = threshold_view(threshold, values);
  const auto columns = view<std::int64_t>(classes, "classes", {1});
  const ProposalOptions options{lowest_chance, highest_share, sharpness};
  std::vector<Proposal> proposals;
  {
    py::gil_scoped_release release;
    proposals = lpat::propose_segments(ends, values, thresholds, columns, options);
  }
  return Proposals(proposals);
}

}  // namespace

void define_predicted_ends(py::module_& module) {
  py::class_<Proposals>(module, "Proposals")
      .def_readonly("classes", &Proposals::classes)
      .def_readonly("snippets", &Proposals::snippets)
      .def_readonly("segments", &Proposals::segments)
      .def_readonly("chance", &Proposals::chance)
      .def_readonly("peak", &Proposals::peak)
      .def_readonly("contrast", &Proposals::contrast)
      .def("__len__", [](const Proposals& proposals) { return proposals.classes.size(); });

  module.def("propose_segments", &propose_segments, "chances"_a, "distances"_a, "scores"_a,
             "threshold"_a, "edges"_a, "classes"_a, py::kw_only(), "lowest_chance"_a = 0.1,
             "highest_share"_a = 0.3, "sharpness"_a = 1.0);
  module.def("fit_segments", &fit_segments, "chances"_a, "distances"_a, "edges"_a, "segments"_a,
             "classes"_a);
}

}  // namespace lpat::python
