#include "lpat/evaluation.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "arrays.hpp"
#include "lpat/summary.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

VideoIntervals intervals_view(const py::array& videos, const py::array& segments,
                                    const std::string& name) {
  const auto times = view<double>(segments, name + "_segments", {2});
  if (segments.shape(1) != 2) {
    throw std::invalid_argument(name + "_segments must have shape (N, 2), not " +
                                std::string(py::str(segments.attr("shape"))));
  }
  return {view_of_length<std::int64_t>(videos, name + "_videos", length(segments)), {times}};
}

Events events_view(const py::array& videos, const py::array& classes,
                         const py::array& segments, const std::string& name) {
  const auto intervals = intervals_view(videos, segments, name);
  return {intervals.videos,
          view_of_length<std::int64_t>(classes, name + "_classes", length(segments)),
          intervals.segments};
}

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
using Judge = std::vector<T> (*)(const Judgement&, std::size_t);

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
                     std::optional<double> snippets_per_second, const std::string& empty_class,
                     py::ssize_t threads) {
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
        if (threads < 0) {
          throw std::invalid_argument("threads must be at least 0, not " + std::to_string(threads));
        }
        const ProtocolOptions options{matcher_of(matcher),
                                      strict,
                                      interpolated,
                                      ambiguous_rule_of(ambiguous),
                                      snippets_per_second.value_or(0),
                                      empty_class_of(empty_class)};
        std::vector<T> result;
        {
          py::gil_scoped_release release;
          result = judge({detections, scores, truths, static_cast<std::size_t>(class_count),
                          thresholds, doubtful, options},
                         static_cast<std::size_t>(threads));
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
  define_judge<double>(
      module, "average_precisions", &average_precisions,
      [](py::ssize_t classes, py::ssize_t tious, py::ssize_t) { return Shape{classes, tious}; });
  define_judge<std::int64_t>(module, "match_detections", &match_detections,
                             [](py::ssize_t, py::ssize_t tious, py::ssize_t detections) {
                               return Shape{tious, detections};
                             });
  module.def("mean_over_classes", &mean, "precisions"_a);
}

}  // namespace lpat::python
