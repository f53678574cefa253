// What goes in and out where scores become segments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "lpat/segments.hpp"

namespace lpat::python {

inline Matrix scores_view(const py::array& scores) {
  return {view<float>(scores, "scores", {2}), length(scores, 0), length(scores, 1)};
}

inline Matrix threshold_view(const py::array& threshold, const Matrix& scores) {
  const auto values = view<float>(threshold, "threshold", {1, 2});
  const std::size_t columns = threshold.ndim() == 1 ? 1 : length(threshold, 1);
  if (length(threshold) != scores.rows || (threshold.ndim() == 2 && columns != scores.columns)) {
    const std::string rows = std::to_string(scores.rows);
    throw std::invalid_argument("threshold must have shape (" + rows + ",) or (" + rows + ", " +
                                std::to_string(scores.columns) + "), not " +
                                std::string(py::str(threshold.attr("shape"))));
  }
  return {values, scores.rows, columns};
}

// Runs as parallel arrays, which is how Python computes with them.
struct Runs {
  py::array_t<std::int64_t> classes;     // (N,)
  py::array_t<std::int64_t> snippets;    // (N, 2) [first, stop)
  py::array_t<double> segments;          // (N, 2) [start, end) seconds
  py::array_t<double> mean_probability;  // (N,), as are those below
  py::array_t<double> mean_margin;
  py::array_t<double> maximum_score;
  py::array_t<double> contrast;

  explicit Runs(const std::vector<Run>& runs)
      : classes(columns_of<std::int64_t>(runs, {&Run::class_index})),
        snippets(columns_of<std::int64_t>(runs, {&Run::first, &Run::stop})),
        segments(columns_of<double>(runs, {&Run::start, &Run::end})),
        mean_probability(columns_of<double>(runs, {&Run::mean_probability})),
        mean_margin(columns_of<double>(runs, {&Run::mean_margin})),
        maximum_score(columns_of<double>(runs, {&Run::maximum_score})),
        contrast(columns_of<double>(runs, {&Run::contrast})) {}
};

// What all ways from scores to segments take.
struct ScoreViews {
  Matrix scores;
  Matrix threshold;
  std::span<const double> edges;
  std::span<const std::int64_t> classes;
  Boundary boundary;
  std::size_t minimum_snippets;

  ScoreViews(const py::array& score_array, const py::array& threshold_array,
             const py::array& edge_array, const py::array& class_array,
             const std::string& boundary_word, py::ssize_t minimum)
      : scores(scores_view(score_array)),
        threshold(threshold_view(threshold_array, scores)),
        edges(view_of_length<double>(edge_array, "edges", scores.rows + 1)),
        classes(view<std::int64_t>(class_array, "classes", {1})),
        boundary(choice_of<Boundary>(
            boundary_word, "boundary",
            {{"snippet", Boundary::snippet}, {"crossing", Boundary::crossing}})),
        minimum_snippets(static_cast<std::size_t>(minimum)) {
    if (minimum < 1) {
      throw std::invalid_argument("minimum_snippets must be positive, not " +
                                  std::to_string(minimum));
    }
  }
};

// Runs and components take the same arrays.
using Extraction = std::vector<Run> (*)(const Matrix&, const Matrix&, std::span<const double>,
                                        std::span<const std::int64_t>, Boundary, std::size_t);

inline void define_extraction(py::module_& module, const char* name, Extraction extract) {
  using namespace py::literals;
  const auto function = [extract](const py::array& scores, const py::array& threshold,
                                  const py::array& edges, const py::array& classes,
                                  const std::string& boundary, py::ssize_t minimum_snippets) {
    const ScoreViews views(scores, threshold, edges, classes, boundary, minimum_snippets);
    std::vector<Run> runs;
    {
      py::gil_scoped_release release;
      runs = extract(views.scores, views.threshold, views.edges, views.classes, views.boundary,
                     views.minimum_snippets);
    }
    return Runs(runs);
  };
  module.def(name, function, "scores"_a, "threshold"_a, "edges"_a, "classes"_a, py::kw_only(),
             "boundary"_a, "minimum_snippets"_a = 1);
}

}  // namespace lpat::python
