#include "lpat/overlap.hpp"

#include <algorithm>
#include <span>

#include "base/checks.hpp"
#include "base/parallel.hpp"
#include "evaluation/grid.hpp"
#include "evaluation/interval_index.hpp"

namespace lpat {
namespace {

constexpr std::size_t detection_block = 1024;  // detections that a thread takes at a time

void keep_better(Overlap& best, double tiou, std::int64_t truth) {
  if (tiou > best.tiou || (tiou == best.tiou && truth < best.truth)) best = {tiou, truth};
}

}  // namespace

std::vector<BestOverlaps> best_overlaps(const Events& detections, const Events& truths,
                                        double lowest_tiou, double snippets_per_second,
                                        std::size_t threads) {
  require_events(detections, "detection");
  require_events(truths, "truth");
  require_thresholds(std::span(&lowest_tiou, 1));
  require_grid(snippets_per_second);
  Intervals segments = detections.segments;
  VideoIntervals annotated = truths.without_classes();
  std::vector<double> segment_times;
  std::vector<double> truth_times;
  if (snippets_per_second > 0) {
    segment_times = in_snippets(segments.values, snippets_per_second);
    truth_times = rounded_to_grid(annotated.segments.values, snippets_per_second);
    segments = {segment_times};
    annotated.segments = {truth_times};
  }
  const IntervalIndex index(annotated);
  const std::size_t count = detections.size();
  std::vector<BestOverlaps> overlaps(count);
  for_each_index((count + detection_block - 1) / detection_block, threads, [&](std::size_t b) {
    for (std::size_t i = b * detection_block; i < std::min(count, (b + 1) * detection_block); ++i) {
      for (const auto& entry : index.near(detections.videos[i], segments[i], lowest_tiou)) {
        const double tiou = temporal_iou(segments[i], entry.segment);
        if (tiou < lowest_tiou) continue;
        const bool same = detections.classes[i] == truths.classes[entry.position];
        keep_better(same ? overlaps[i].own : overlaps[i].others, tiou,
                    static_cast<std::int64_t>(entry.position));
      }
    }
  });
  return overlaps;
}

}  // namespace lpat
