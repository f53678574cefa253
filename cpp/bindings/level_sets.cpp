#include "lpat/level_sets.hpp"

#include "modules.hpp"
#include "runs.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

// Level sets as parallel arrays.
struct LevelSets {
  py::array_t<std::int64_t> classes;   // (N,)
  py::array_t<std::int64_t> snippets;  // (N, 2) [first, stop)
  py::array_t<double> segments;        // (N, 2) [start, end) seconds
  py::array_t<double> level;           // (N,), as are those below
  py::array_t<double> peak;
  py::array_t<double> mean_margin;
  py::array_t<double> mean_gate;
  py::array_t<double> contrast;

  explicit LevelSets(const std::vector<LevelSet>& sets)
      : classes(columns_of<std::int64_t>(sets, {&LevelSet::class_index})),
        snippets(columns_of<std::int64_t>(sets, {&LevelSet::first, &LevelSet::stop})),
        segments(columns_of<double>(sets, {&LevelSet::start, &LevelSet::end})),
        level(columns_of<double>(sets, {&LevelSet::level})),
        peak(columns_of<double>(sets, {&LevelSet::peak})),
        mean_margin(columns_of<double>(sets, {&LevelSet::mean_margin})),
        mean_gate(columns_of<double>(sets, {&LevelSet::mean_gate})),
        contrast(columns_of<double>(sets, {&LevelSet::contrast})) {}
};

LevelSets extract_level_sets(const py::array& scores, const py::array& threshold,
                             const py::array& edges, const py::array& classes, double lowest,
                             double highest_share, py::ssize_t count, double sharpness,
                             const std::string& boundary, py::ssize_t minimum_snippets) {
  const ScoreViews views(scores, threshold, edges, classes, boundary, minimum_snippets);
  if (count < 1) {
    throw std::invalid_argument("count must be from 1 to " + std::to_string(most_levels) +
                                ", not " + std::to_string(count));
  }
  const LevelOptions options{.lowest = lowest,
                             .highest_share = highest_share,
                             .count = static_cast<std::size_t>(count),
                             .sharpness = sharpness,
                             .boundary = views.boundary,
                             .minimum_snippets = views.minimum_snippets};
  std::vector<LevelSet> sets;
  {
    py::gil_scoped_release release;
    sets = lpat::extract_level_sets(views.scores, views.threshold, views.edges, views.classes,
                                    options);
  }
  return LevelSets(sets);
}

}  // namespace

void define_level_sets(py::module_& module) {
  py::class_<LevelSets>(module, "LevelSets")
      .def_readonly("classes", &LevelSets::classes)
      .def_readonly("snippets", &LevelSets::snippets)
      .def_readonly("segments", &LevelSets::segments)
      .def_readonly("level", &LevelSets::level)
      .def_readonly("peak", &LevelSets::peak)
      .def_readonly("mean_margin", &LevelSets::mean_margin)
      .def_readonly("mean_gate", &LevelSets::mean_gate)
      .def_readonly("contrast", &LevelSets::contrast)
      .def("__len__", [](const LevelSets& sets) { return sets.classes.size(); });

  module.def("extract_level_sets", &extract_level_sets, "scores"_a, "threshold"_a, "edges"_a,
             "classes"_a, py::kw_only(), "lowest"_a = -0.5, "highest_share"_a = 0.8,
             "count"_a = 7, "sharpness"_a = 1.0, "boundary"_a, "minimum_snippets"_a = 1);
}

}  // namespace lpat::python
