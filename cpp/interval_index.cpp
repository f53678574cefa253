#include "lpat/interval_index.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace lpat {

IntervalIndex::IntervalIndex(const VideoIntervals& segments,
                             std::span<const std::size_t> members) {
  entries_.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Interval segment = segments.segments[members[i]];
    entries_.push_back({segments.videos[members[i]], segment, segment.end, i});
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

std::span<const IntervalIndex::Entry> IntervalIndex::near(std::int64_t video,
                                                          Interval interval) const {
  const auto first = std::ranges::partition_point(entries_, [&](const Entry& entry) {
    return entry.video < video || (entry.video == video && entry.reach <= interval.start);
  });
  const auto stop = std::partition_point(first, entries_.end(), [&](const Entry& entry) {
    return entry.video == video && entry.segment.start < interval.end;
  });
  return {first, stop};
}

std::vector<char> overlaps_any(const VideoIntervals& segments, const VideoIntervals& others) {
  std::vector<std::size_t> members(others.segments.size());
  std::iota(members.begin(), members.end(), 0);
  const IntervalIndex index(others, members);
  std::vector<char> overlaps;
  overlaps.reserve(segments.segments.size());
  for (std::size_t i = 0; i < segments.segments.size(); ++i) {
    const Interval segment = segments.segments[i];
    overlaps.push_back(std::ranges::any_of(
        index.near(segments.videos[i], segment),
        [&](const auto& entry) { return shared_time(segment, entry.segment) > 0; }));
  }
  return overlaps;
}

}  // namespace lpat
