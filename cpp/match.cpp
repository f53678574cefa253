#include "lpat/match.hpp"

#include <algorithm>
#include <tuple>

#include "lpat/interval_index.hpp"

namespace lpat {
namespace {

// Some of the events, in the order in which they choose or are listed.
struct Side {
  const Events& events;
  std::span<const std::size_t> order;
};

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

// Calls take(threshold's index, chooser's position, target's position) for each pair: every
// chooser, in order, takes the free target it prefers.
template <typename Take>
void match_greedily(Side choosers, Side targets, std::span<const double> tious, bool strict,
                    Preference preference, Take take) {
  const IntervalIndex index(targets.events.without_classes(), targets.order);
  const double lowest = std::ranges::min(tious);
  const auto suffices = [strict](double tiou, double threshold) {
    return strict ? tiou > threshold : tiou >= threshold;
  };
  std::vector<char> taken(tious.size() * targets.order.size(), 0);
  std::vector<Candidate> candidates;
  for (std::size_t position = 0; position < choosers.order.size(); ++position) {
    const std::size_t chooser = choosers.order[position];
    const Interval segment = choosers.events.segments[chooser];
    candidates.clear();
    for (const auto& entry : index.near(choosers.events.videos[chooser], segment, lowest)) {
      const double tiou = temporal_iou(segment, entry.segment);
      if (suffices(tiou, lowest)) candidates.push_back({tiou, entry.position});
    }
    sort_by(preference, candidates);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      for (const auto& candidate : candidates) {
        char& used = taken[k * targets.order.size() + candidate.position];
        if (used || !suffices(candidate.tiou, tious[k])) continue;
        used = 1;
        take(k, position, candidate.position);
        break;
      }
    }
  }
}

}  // namespace

std::vector<std::vector<Match>> match_class(const Events& detections,
                                            std::span<const std::size_t> ranked,
                                            const Events& truths,
                                            std::span<const std::size_t> members,
                                            std::span<const double> tious,
                                            const ProtocolOptions& options) {
  std::vector<std::vector<Match>> matches(tious.size());
  if (tious.empty()) return matches;
  const Side found{detections, ranked};
  const Side annotated{truths, members};
  if (options.matcher == Matcher::best_detection) {
    match_greedily(annotated, found, tious, options.strict, Preference::largest_then_earlier,
                   [&](std::size_t k, std::size_t member, std::size_t rank) {
                     matches[k].push_back({rank, members[member]});
                   });
    for (auto& of_threshold : matches) std::ranges::sort(of_threshold, {}, &Match::rank);
  } else {
    const bool best = options.matcher == Matcher::best_truth;
    match_greedily(found, annotated, tious, options.strict,
                   best ? Preference::largest_then_later : Preference::earlier,
                   [&](std::size_t k, std::size_t rank, std::size_t member) {
                     matches[k].push_back({rank, members[member]});
                   });
  }
  return matches;
}

}  // namespace lpat
