#include "lpat/match.hpp"

#include <algorithm>
#include <tuple>

namespace lpat {
namespace {

// Ground truths of one class, in which those that overlap an interval lie side by side.
class TruthIndex {
 public:
  struct Entry {
    std::int64_t video;
    Interval segment;
    double reach;  // latest end among the video's entries up to this one
    std::size_t member;
  };

  TruthIndex(const Events& truths, std::span<const std::size_t> members) {
    entries_.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Interval segment = truths.segments[members[i]];
      entries_.push_back({truths.videos[members[i]], segment, segment.end, i});
    }
    std::ranges::stable_sort(entries_, {}, [](const Entry& entry) {
      return std::tuple(entry.video, entry.segment.start);
    });
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (entries_[i].video == entries_[i - 1].video) {
        entries_[i].reach = std::max(entries_[i].reach, entries_[i - 1].reach);
      }
    }
  }

  // All entries that overlap the interval, and, where entries nest, maybe others between them.
  std::span<const Entry> near(std::int64_t video, Interval interval) const {
    const auto first = std::ranges::partition_point(entries_, [&](const Entry& entry) {
      return entry.video < video || (entry.video == video && entry.reach <= interval.start);
    });
    const auto stop = std::partition_point(first, entries_.end(), [&](const Entry& entry) {
      return entry.video == video && entry.segment.start < interval.end;
    });
    return {first, stop};
  }

 private:
  std::vector<Entry> entries_;
};

struct Candidate {
  double tiou;
  std::size_t member;
};

}  // namespace

std::vector<std::int64_t> match_best_truth(const Events& detections,
                                           std::span<const std::size_t> ranked,
                                           const Events& truths,
                                           std::span<const std::size_t> members,
                                           std::span<const double> tious) {
  std::vector<std::int64_t> matches(tious.size() * ranked.size(), -1);
  if (tious.empty() || members.empty()) return matches;
  const TruthIndex index(truths, members);
  const double lowest = std::ranges::min(tious);
  std::vector<char> taken(tious.size() * members.size(), 0);
  std::vector<Candidate> candidates;
  for (std::size_t rank = 0; rank < ranked.size(); ++rank) {
    const Interval segment = detections.segments[ranked[rank]];
    candidates.clear();
    for (const auto& entry : index.near(detections.videos[ranked[rank]], segment)) {
      const double tiou = temporal_iou(segment, entry.segment);
      if (tiou >= lowest) candidates.push_back({tiou, entry.member});
    }
    std::ranges::sort(candidates, std::ranges::greater{}, [](const Candidate& candidate) {
      return std::tuple(candidate.tiou, candidate.member);
    });
    for (std::size_t k = 0; k < tious.size(); ++k) {
      for (const auto& candidate : candidates) {
        if (candidate.tiou < tious[k]) break;
        char& used = taken[k * members.size() + candidate.member];
        if (used) continue;
        used = 1;
        matches[k * ranked.size() + rank] = static_cast<std::int64_t>(members[candidate.member]);
        break;
      }
    }
  }
  return matches;
}

}  // namespace lpat
