#include "lpat/recall.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/checks.hpp"
#include "base/parallel.hpp"
#include "evaluation/interval_index.hpp"
#include "evaluation/ranking.hpp"

namespace lpat {
namespace {

constexpr std::size_t truth_block = 256;  // truths that a thread takes at a time

void require_videos(std::span<const std::int64_t> videos, std::size_t count,
                    const std::string& name) {
  for (std::size_t i = 0; i < videos.size(); ++i) {
    if (videos[i] < 0 || static_cast<std::size_t>(videos[i]) >= count) {
      throw std::invalid_argument(name + " video " + std::to_string(i) + " must be one of " +
                                  std::to_string(count) + ", not " + std::to_string(videos[i]));
    }
  }
}

}  // namespace

std::vector<std::int64_t> first_ranks(const VideoIntervals& proposals,
                                      std::span<const double> scores, const VideoIntervals& truths,
                                      std::size_t video_count, std::span<const double> tious,
                                      std::size_t threads) {
  require_video_intervals(proposals, "proposal");
  require_video_intervals(truths, "truth");
  require_videos(proposals.videos, video_count, "proposal");
  require_videos(truths.videos, video_count, "truth");
  if (scores.size() != proposals.segments.size()) {
    throw std::invalid_argument("proposal scores must be as many as segments");
  }
  require_finite(scores, "proposal score");
  require_thresholds(tious);
  const std::size_t count = truths.segments.size();
  std::vector<std::int64_t> first(count * tious.size(), not_found);
  if (first.empty()) return first;

  ClassGroups of_video = group_by_class(proposals.videos, video_count);
  for_each_index(video_count, threads,
                 [&](std::size_t video) { rank(of_video.of(video), scores); });
  const IntervalIndex index(proposals, of_video.indices);
  const double lowest = std::ranges::min(tious);
  for_each_index((count + truth_block - 1) / truth_block, threads, [&](std::size_t b) {
    const auto stop = std::min(count, (b + 1) * truth_block);
    for (std::size_t truth = b * truth_block; truth < stop; ++truth) {
      const auto ranks = std::span(first).subspan(truth * tious.size(), tious.size());
      const std::int64_t video = truths.videos[truth];
      const Interval segment = truths.segments[truth];
      // A position in the index is a place among all videos' ranked proposals.
      const std::size_t before = of_video.offsets[static_cast<std::size_t>(video)];
      for (const auto& entry : index.near(video, segment, lowest)) {
        const double tiou = temporal_iou(segment, entry.segment);
        const auto rank = static_cast<std::int64_t>(entry.position - before);
        for (std::size_t k = 0; k < tious.size(); ++k) {
          if (tiou < tious[k] || (ranks[k] != not_found && ranks[k] <= rank)) continue;
          ranks[k] = rank;
        }
      }
    }
  });
  return first;
}

}  // namespace lpat
