// lpat._core: checks arrays, views them without copying, and computes without the GIL.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lpat/evaluation.hpp"
#include "lpat/segments.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace {

std::string dimensions(std::initializer_list<py::ssize_t> allowed) {
  std::string text;
  for (const auto number : allowed) {
    text += (text.empty() ? "" : " or ") + std::to_string(number) + "D";
  }
  return text;
}

// View of an array that has the type, one of the dimensions and the memory order that C++ reads.
template <typename T>
std::span<const T> view(const py::array& array, const std::string& name,
                        std::initializer_list<py::ssize_t> allowed) {
  if (!py::isinstance<py::array_t<T>>(array)) {
    throw py::type_error(name + " must be " + std::string(py::str(py::dtype::of<T>())) + ", not " +
                         std::string(py::str(array.dtype())));
  }
  if (std::find(allowed.begin(), allowed.end(), array.ndim()) == allowed.end()) {
    throw std::invalid_argument(name + " must be " + dimensions(allowed) + ", not " +
                                std::to_string(array.ndim()) + "D");
  }
  constexpr int layout = static_cast<int>(py::array::c_style) |
                         static_cast<int>(py::detail::npy_api::NPY_ARRAY_ALIGNED_);
  if ((array.flags() & layout) != layout) {
    throw std::invalid_argument(name + " must be C-contiguous and aligned");
  }
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

std::size_t length(const py::array& array, py::ssize_t axis = 0) {
  return static_cast<std::size_t>(array.shape(axis));
}

template <typename T>
std::span<const T> view_of_length(const py::array& array, const std::string& name,
                                  std::size_t expected) {
  const auto values = view<T>(array, name, {1});
  if (values.size() != expected) {
    throw std::invalid_argument(name + " must have " + std::to_string(expected) +
                                " elements, not " + std::to_string(values.size()));
  }
  return values;
}

lpat::Matrix scores_view(const py::array& scores) {
  return {view<float>(scores, "scores", {2}), length(scores, 0), length(scores, 1)};
}

lpat::Matrix threshold_view(const py::array& threshold, const lpat::Matrix& scores) {
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

lpat::VideoIntervals intervals_view(const py::array& videos, const py::array& segments,
                                    const std::string& name) {
  const auto times = view<double>(segments, name + "_segments", {2});
  if (segments.shape(1) != 2) {
    throw std::invalid_argument(name + "_segments must have shape (N, 2), not " +
                                std::string(py::str(segments.attr("shape"))));
  }
  return {view_of_length<std::int64_t>(videos, name + "_videos", length(segments)), {times}};
}

lpat::Events events_view(const py::array& videos, const py::array& classes,
                         const py::array& segments, const std::string& name) {
  const auto intervals = intervals_view(videos, segments, name);
  return {intervals.videos,
          view_of_length<std::int64_t>(classes, name + "_classes", length(segments)),
          intervals.segments};
}

// An array that owns the vector's memory.
template <typename T>
py::array_t<T> array_of(std::vector<T> values, std::vector<py::ssize_t> shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const T* data = owned->data();
  py::capsule owner(owned.get(),
                    [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
  owned.release();
  return py::array_t<T>(std::move(shape), data, owner);
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

  explicit Runs(const std::vector<lpat::Run>& runs)
      : classes(column<std::int64_t>(runs, {&lpat::Run::class_index})),
        snippets(column<std::int64_t>(runs, {&lpat::Run::first, &lpat::Run::stop})),
        segments(column<double>(runs, {&lpat::Run::start, &lpat::Run::end})),
        mean_probability(column<double>(runs, {&lpat::Run::mean_probability})),
        mean_margin(column<double>(runs, {&lpat::Run::mean_margin})),
        maximum_score(column<double>(runs, {&lpat::Run::maximum_score})),
        contrast(column<double>(runs, {&lpat::Run::contrast})) {}

 private:
  template <typename T>
  static py::array_t<T> column(const std::vector<lpat::Run>& runs,
                               std::initializer_list<T lpat::Run::*> members) {
    std::vector<T> values;
    values.reserve(runs.size() * members.size());
    for (const auto& run : runs) {
      for (const auto member : members) values.push_back(run.*member);
    }
    std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(runs.size())};
    if (members.size() > 1) shape.push_back(static_cast<py::ssize_t>(members.size()));
    return array_of(std::move(values), std::move(shape));
  }
};

Runs extract_segments(const py::array& scores, const py::array& threshold, const py::array& edges,
                      const py::array& classes, const std::string& boundary,
                      py::ssize_t minimum_snippets) {
  const auto score_matrix = scores_view(scores);
  const auto threshold_matrix = threshold_view(threshold, score_matrix);
  const auto edge_values = view_of_length<double>(edges, "edges", score_matrix.rows + 1);
  const auto class_values = view<std::int64_t>(classes, "classes", {1});
  if (boundary != "snippet" && boundary != "crossing") {
    throw std::invalid_argument("boundary must be 'snippet' or 'crossing', not '" + boundary + "'");
  }
  if (minimum_snippets < 1) {
    throw std::invalid_argument("minimum_snippets must be positive, not " +
                                std::to_string(minimum_snippets));
  }
  std::vector<lpat::Run> runs;
  {
    py::gil_scoped_release release;
    runs = lpat::extract_segments(
        score_matrix, threshold_matrix, edge_values, class_values,
        boundary == "snippet" ? lpat::Boundary::snippet : lpat::Boundary::crossing,
        static_cast<std::size_t>(minimum_snippets));
  }
  return Runs(runs);
}

template <typename Choice>
Choice choice_of(const std::string& word, const std::string& name,
                 const std::vector<std::pair<std::string, Choice>>& choices) {
  std::string known;
  for (const auto& [text, choice] : choices) {
    if (text == word) return choice;
    known += (known.empty() ? "'" : ", '") + text + "'";
  }
  throw std::invalid_argument(name + " must be one of " + known + ", not '" + word + "'");
}

lpat::Matcher matcher_of(const std::string& word) {
  using enum lpat::Matcher;
  return choice_of<lpat::Matcher>(word, "matcher",
                                  {{"best_truth", best_truth},
                                   {"best_detection", best_detection},
                                   {"first_truth", first_truth}});
}

lpat::AmbiguousRule ambiguous_rule_of(const std::string& word) {
  using enum lpat::AmbiguousRule;
  return choice_of<lpat::AmbiguousRule>(
      word, "ambiguous",
      {{"none", none}, {"drop_unmatched", drop_unmatched}, {"drop_all", drop_all}});
}

template <typename T>
using Judge = std::vector<T> (*)(const lpat::Events&, std::span<const double>, const lpat::Events&,
                                 std::size_t, std::span<const double>, const lpat::VideoIntervals&,
                                 const lpat::ProtocolOptions&);

// Both evaluations take the same arrays. `shape` is that of the result, from the counts of
// classes, thresholds and detections.
template <typename T, typename Shape>
void define_judge(py::module_& module, const char* name, Judge<T> judge, Shape shape) {
  const auto function =
      [judge, shape](const py::array& detection_videos, const py::array& detection_classes,
                     const py::array& detection_segments, const py::array& detection_scores,
                     const py::array& truth_videos, const py::array& truth_classes,
                     const py::array& truth_segments, const py::array& ambiguous_videos,
                     const py::array& ambiguous_segments, const py::array& tious,
                     py::ssize_t class_count, const std::string& matcher, bool strict,
                     bool interpolated, const std::string& ambiguous,
                     std::optional<double> snippets_per_second) {
        const auto detections =
            events_view(detection_videos, detection_classes, detection_segments, "detection");
        const auto scores =
            view_of_length<double>(detection_scores, "detection_scores", detections.size());
        const auto truths = events_view(truth_videos, truth_classes, truth_segments, "truth");
        const auto doubtful = intervals_view(ambiguous_videos, ambiguous_segments, "ambiguous");
        const auto thresholds = view<double>(tious, "tious", {1});
        if (class_count < 0) {
          throw std::invalid_argument("class_count must be at least 0, not " +
                                      std::to_string(class_count));
        }
        if (snippets_per_second && !(*snippets_per_second > 0)) {
          throw std::invalid_argument("snippets_per_second must be positive, not " +
                                      std::to_string(*snippets_per_second));
        }
        const lpat::ProtocolOptions options{matcher_of(matcher), strict, interpolated,
                                            ambiguous_rule_of(ambiguous),
                                            snippets_per_second.value_or(0)};
        std::vector<T> result;
        {
          py::gil_scoped_release release;
          result = judge(detections, scores, truths, static_cast<std::size_t>(class_count),
                         thresholds, doubtful, options);
        }
        return array_of(std::move(result),
                        shape(class_count, tious.size(), detection_scores.size()));
      };
  module.def(name, function, py::kw_only(), "detection_videos"_a, "detection_classes"_a,
             "detection_segments"_a, "detection_scores"_a, "truth_videos"_a, "truth_classes"_a,
             "truth_segments"_a, "ambiguous_videos"_a, "ambiguous_segments"_a, "tious"_a,
             "class_count"_a, "matcher"_a, "strict"_a, "interpolated"_a, "ambiguous"_a,
             "snippets_per_second"_a);
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.doc() = "Segments from snippet scores, and their evaluation, in C++.";

  py::class_<Runs>(module, "Runs")
      .def_readonly("classes", &Runs::classes)
      .def_readonly("snippets", &Runs::snippets)
      .def_readonly("segments", &Runs::segments)
      .def_readonly("mean_probability", &Runs::mean_probability)
      .def_readonly("mean_margin", &Runs::mean_margin)
      .def_readonly("maximum_score", &Runs::maximum_score)
      .def_readonly("contrast", &Runs::contrast)
      .def("__len__", [](const Runs& runs) { return runs.classes.size(); });

  module.def("extract_segments", &extract_segments, "scores"_a, "threshold"_a, "edges"_a,
             "classes"_a, py::kw_only(), "boundary"_a, "minimum_snippets"_a = 1);

  using Shape = std::vector<py::ssize_t>;
  define_judge<double>(module, "average_precisions", &lpat::average_precisions,
                       [](py::ssize_t classes, py::ssize_t tious, py::ssize_t) {
                         return Shape{classes, tious};
                       });
  define_judge<std::int64_t>(module, "match_detections", &lpat::match_detections,
                             [](py::ssize_t, py::ssize_t tious, py::ssize_t detections) {
                               return Shape{tious, detections};
                             });
}
