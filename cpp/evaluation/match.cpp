#include "evaluation/match.hpp"

#include <algorithm>
#include <tuple>

#include "evaluation/interval_index.hpp"

namespace lpat {
namespace {

struct Candidate {
  double tiou;
  std::size_t position;
};

// What a chooser prefers among those that are good enough.
enum class Preference { largest_then_later, largest_then_earlier, earlier };

void sort_by(Preference preference, std::vector<Candidate>& candidates) {
  std::ranges::sort(candidates, [preference](const Candidate& a, const Candidate& b) {
    switch (preference) {
      case Preference::largest_then_later:
        return std::tuple(a.tiou, a.position) > std::tuple(b.tiou, b.position);
      case Preference::largest_then_earlier:
        return std::tuple(-a.tiou, a.position) < std::tuple(-b.tiou, b.position);
      case Preference::earlier:
        break;
    }
    return a.position < b.position;
  });
}

// Calls take(threshold's index, chooser, target) for each pair: every chooser, in order, takes the
// free target it prefers.
template <typename Take>
void match_greedily(const VideoIntervals& choosers, const VideoIntervals& targets,
                    std::span<const double> tious, bool strict, Preference preference, Take take) {
  const IntervalIndex index(targets);
  const double lowest = std::ranges::min(tious);
  const auto suffices = [strict](double tiou, double threshold) {
    return strict ? tiou > threshold : tiou >= threshold;
  };
  const std::size_t target_count = targets.videos.size();
  std::vector<char> taken(tious.size() * target_count, 0);
  std::vector<Candidate> candidates;
  for (std::size_t chooser = 0; chooser < choosers.videos.size(); ++chooser) {
    const Interval segment = choosers.segments[chooser];
    candidates.clear();
    for (const auto& entry : index.near(choosers.videos[chooser], segment, lowest)) {
      const double tiou = temporal_iou(segment, entry.segment);
      if (suffices(tiou, lowest)) candidates.push_back({tiou, entry.position});
    }
    if (candidates.empty()) continue;
    if (candidates.size() > 1) sort_by(preference, candidates);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      for (const auto& candidate : candidates) {
        char& used = taken[k * target_count + candidate.position];
        if (used || !suffices(candidate.tiou, tious[k])) continue;
        used = 1;
        take(k, chooser, candidate.position);
        break;
      }
    }
  }
}

}  // namespace

std::vector<std::vector<Match>> match_class(const VideoIntervals& detections,
                                            const VideoIntervals& truths,
                                            std::span<const double> tious,
                                            const ProtocolOptions& options) {
  std::vector<std::vector<Match>> matches(tious.size());
  if (tious.empty()) return matches;
  if (options.matcher == Matcher::best_detection) {
    match_greedily(truths, detections, tious, options.strict, Preference::largest_then_earlier,
                   [&](std::size_t k, std::size_t truth, std::size_t detection) {
                     matches[k].push_back({detection, truth});
                   });
    for (auto& of_threshold : matches) std::ranges::sort(of_threshold, {}, &Match::detection);
  } else {
    const bool best = options.matcher == Matcher::best_truth;
    match_greedily(detections, truths, tious, options.strict,
                   best ? Preference::largest_then_later : Preference::earlier,
                   [&](std::size_t k, std::size_t detection, std::size_t truth) {
                     matches[k].push_back({detection, truth});
                   });
  }
  return matches;
}

}  // namespace lpat
