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

// Both ways from scores to runs take the same arrays.
using Extraction = std::vector<Run> (*)(const Matrix&, const Matrix&, std::span<const double>,
                                        std::span<const std::int64_t>, Boundary, std::size_t);

inline void define_extraction(py::module_& module, const char* name, Extraction extract) {
  using namespace py::literals;
  const auto function = [extract](const py::array& scores, const py::array& threshold,
                                  const py::array& edges, const py::array& classes,
                                  const std::string& boundary, py::ssize_t minimum_snippets) {
    const auto score_matrix = scores_view(scores);
    const auto threshold_matrix = threshold_view(threshold, score_matrix);
    const auto edge_values = view_of_length<double>(edges, "edges", score_matrix.rows + 1);
    const auto class_values = view<std::int64_t>(classes, "classes", {1});
    const auto border = choice_of<Boundary>(
        boundary, "boundary", {{"snippet", Boundary::snippet}, {"crossing", Boundary::crossing}});
    if (minimum_snippets < 1) {
      throw std::invalid_argument("minimum_snippets must be positive, not " +
                                  std::to_string(minimum_snippets));
    }
    std::vector<Run> runs;
    {
      py::gil_scoped_release release;
      runs = extract(score_matrix, threshold_matrix, edge_values, class_values, border,
                     static_cast<std::size_t>(minimum_snippets));
    }
    return Runs(runs);
  };
  module.def(name, function, "scores"_a, "threshold"_a, "edges"_a, "classes"_a, py::kw_only(),
             "boundary"_a, "minimum_snippets"_a = 1);
}

}  // namespace lpat::python
