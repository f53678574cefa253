#include "lpat/evaluation.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "arrays.hpp"
#include "events.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

Matcher matcher_of(const std::string& word) {
  using enum Matcher;
  return choice_of<Matcher>(word, "matcher",
                                  {{"best_truth", best_truth},
                                   {"best_detection", best_detection},
                                   {"first_truth", first_truth}});
}

EmptyClass empty_class_of(const std::string& word) {
  using enum EmptyClass;
  return choice_of<EmptyClass>(word, "empty_class", {{"zero", zero}, {"skip", skip}});
}

AmbiguousRule ambiguous_rule_of(const std::string& word) {
  using enum AmbiguousRule;
  return choice_of<AmbiguousRule>(
      word, "ambiguous",
      {{"none", none}, {"drop_unmatched", drop_unmatched}, {"drop_all", drop_all}});
}

template <typename T>
using Evaluate = std::vector<T> (*)(const EvaluationInput&, std::size_t);

// Lowest, then highest, for each.
std::vector<double> average_precision_ranges_flat(const EvaluationInput& input,
                                                  std::size_t threads) {
  std::vector<double> values;
  for (const auto& [lowest, highest] : average_precision_ranges(input, threads)) {
    values.push_back(lowest);
    values.push_back(highest);
  }
  return values;
}

// All evaluations take the same arrays. `shape` is that of the result, from the counts of
// classes, thresholds and detections.
template <typename T, typename Shape>
void define_function(py::module_& module, const char* name, Evaluate<T> evaluate, Shape shape) {
  const auto function =
      [evaluate, shape](const py::array& detection_videos, const py::array& detection_classes,
                        const py::array& detection_segments, const py::array& detection_scores,
                        const py::array& truth_videos, const py::array& truth_classes,
                        const py::array& truth_segments, const py::array& ambiguous_videos,
                        const py::array& ambiguous_segments, const py::array& tious,
                        py::ssize_t class_count, const std::string& matcher, bool strict,
                        bool interpolated, const std::string& ambiguous,
                        std::optional<double> snippets_per_second, const std::string& empty_class,
                        py::ssize_t threads) {
        const auto detections =
            events_view(detection_videos, detection_classes, detection_segments, "detection");
        const auto scores =
            view_of_length<double>(detection_scores, "detection_scores", detections.size());
        const auto truths = events_view(truth_videos, truth_classes, truth_segments, "truth");
        const auto doubtful = intervals_view(ambiguous_videos, ambiguous_segments, "ambiguous");
        const auto thresholds = view<double>(tious, "tious", {1});
        const std::size_t classes = count_of(class_count, "class_count");
        const std::size_t thread_count = count_of(threads, "threads");
        const ProtocolOptions options{matcher_of(matcher),
                                      strict,
                                      interpolated,
                                      ambiguous_rule_of(ambiguous),
                                      grid_of(snippets_per_second),
                                      empty_class_of(empty_class)};
        std::vector<T> result;
        {
          py::gil_scoped_release release;
          result = evaluate({detections, scores, truths, classes, thresholds, doubtful, options},
                            thread_count);
        }
        return array_of(std::move(result),
                        shape(class_count, tious.size(), detection_scores.size()));
      };
  module.def(name, function, py::kw_only(), "detection_videos"_a, "detection_classes"_a,
             "detection_segments"_a, "detection_scores"_a, "truth_videos"_a, "truth_classes"_a,
             "truth_segments"_a, "ambiguous_videos"_a, "ambiguous_segments"_a, "tious"_a,
             "class_count"_a, "matcher"_a, "strict"_a, "interpolated"_a, "ambiguous"_a,
             "snippets_per_second"_a, "empty_class"_a, "threads"_a = 0);
}

py::array_t<double> mean(const py::array& precisions) {
  const auto values = view<double>(precisions, "precisions", {2});
  return array_of(mean_over_classes(values, length(precisions, 1)), {precisions.shape(1)});
}

}  // namespace

void define_evaluation(py::module_& module) {
  using Shape = std::vector<py::ssize_t>;
  define_function<double>(
      module, "average_precisions", &average_precisions,
      [](py::ssize_t classes, py::ssize_t tious, py::ssize_t) { return Shape{classes, tious}; });
  define_function<double>(
      module, "average_precision_ranges", &average_precision_ranges_flat,
      [](py::ssize_t classes, py::ssize_t tious, py::ssize_t) { return Shape{classes, tious, 2}; });
  define_function<std::int64_t>(module, "match_detections", &match_detections,
                                [](py::ssize_t, py::ssize_t tious, py::ssize_t detections) {
                                  return Shape{tious, detections};
                                });
  module.def("mean_over_classes", &mean, "precisions"_a);
}

}  // namespace lpat::python
