#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "arrays.hpp"
#include "events.hpp"
#include "lpat/overlap.hpp"
#include "lpat/recall.hpp"
#include "modules.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

py::array_t<std::int64_t> first_ranks(const py::array& proposal_videos,
                                      const py::array& proposal_segments,
                                      const py::array& proposal_scores,
                                      const py::array& truth_videos,
                                      const py::array& truth_segments, py::ssize_t video_count,
                                      const py::array& tious, py::ssize_t threads) {
  const auto proposals = intervals_view(proposal_videos, proposal_segments, "proposal");
  const auto scores =
      view_of_length<double>(proposal_scores, "proposal_scores", length(proposal_segments));
  const auto truths = intervals_view(truth_videos, truth_segments, "truth");
  const auto thresholds = view<double>(tious, "tious", {1});
  const std::size_t videos = count_of(video_count, "video_count");
  const std::size_t thread_count = count_of(threads, "threads");
  std::vector<std::int64_t> ranks;
  {
    py::gil_scoped_release release;
    ranks = lpat::first_ranks(proposals, scores, truths, videos, thresholds, thread_count);
  }
  return array_of(std::move(ranks), {truth_segments.shape(0), tious.shape(0)});
}

// One field of the overlaps (N, 2): own class, other classes.
template <typename T>
py::array_t<T> columns(const std::vector<BestOverlaps>& overlaps, T Overlap::*member) {
  std::vector<T> values;
  values.reserve(2 * overlaps.size());
  for (const auto& [own, others] : overlaps) {
    values.insert(values.end(), {own.*member, others.*member});
  }
  return array_of(std::move(values), {static_cast<py::ssize_t>(overlaps.size()), 2});
}

py::tuple best_overlaps(const py::array& detection_videos, const py::array& detection_classes,
                        const py::array& detection_segments, const py::array& truth_videos,
                        const py::array& truth_classes, const py::array& truth_segments,
                        double lowest_tiou, std::optional<double> snippets_per_second,
                        py::ssize_t threads) {
  const auto detections =
      events_view(detection_videos, detection_classes, detection_segments, "detection");
  const auto truths = events_view(truth_videos, truth_classes, truth_segments, "truth");
  const double grid = grid_of(snippets_per_second);
  const std::size_t thread_count = count_of(threads, "threads");
  std::vector<BestOverlaps> overlaps;
  {
    py::gil_scoped_release release;
    overlaps = lpat::best_overlaps(detections, truths, lowest_tiou, grid, thread_count);
  }
  return py::make_tuple(columns(overlaps, &Overlap::tiou), columns(overlaps, &Overlap::truth));
}

}  // namespace

void define_diagnosis(py::module_& module) {
  module.def("first_ranks", &first_ranks, py::kw_only(), "proposal_videos"_a,
             "proposal_segments"_a, "proposal_scores"_a, "truth_videos"_a, "truth_segments"_a,
             "video_count"_a, "tious"_a, "threads"_a = 0);
  module.def("best_overlaps", &best_overlaps, py::kw_only(), "detection_videos"_a,
             "detection_classes"_a, "detection_segments"_a, "truth_videos"_a, "truth_classes"_a,
             "truth_segments"_a, "lowest_tiou"_a, "snippets_per_second"_a, "threads"_a = 0);
}

}  // namespace lpat::python
