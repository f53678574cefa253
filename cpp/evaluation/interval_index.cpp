#include "evaluation/interval_index.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace lpat {

IntervalIndex::IntervalIndex(const VideoIntervals& segments) {
  entries_.reserve(segments.videos.size());
  for (std::size_t i = 0; i < segments.videos.size(); ++i) {
    entries_.push_back({segments.videos[i], segments.segments[i], i});
  }
  sort();
}

IntervalIndex::IntervalIndex(const VideoIntervals& segments,
                             std::span<const std::size_t> members) {
  entries_.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    entries_.push_back({segments.videos[members[i]], segments.segments[members[i]], i});
  }
  sort();
}

void IntervalIndex::sort() {
  std::ranges::sort(entries_, {}, [](const Entry& entry) {
    return std::tuple(entry.video, entry.segment.start, entry.position);
  });
}

// Let s, l be the interval's start and length, s', l' those of an entry, and t the lowest tIoU.
// The time they share is at least t max(l, l'), since their union is no shorter than either. An
// entry that starts later shares at most s + l - s', so s' <= s + (1 - t) l. One that starts
// earlier shares at most s' + l' - s, so s' >= s - (1 - t) l', and l' <= l / t.
std::span<const IntervalIndex::Entry> IntervalIndex::near(std::int64_t video, Interval interval,
                                                          double lowest_tiou) const {
  const double length = interval.end - interval.start;
  if (!(length > 0)) return {};
  const double later = length * (1 - lowest_tiou);
  const double earlier = later / lowest_tiou;
  // Far more than the rounding of a tIoU can hide.
  const double slack = 1e-9 * (std::abs(interval.start) + std::abs(interval.end) + earlier);
  const auto first = std::ranges::partition_point(entries_, [&](const Entry& entry) {
    return entry.video < video ||
           (entry.video == video && entry.segment.start < interval.start - earlier - slack);
  });
  const auto stop = std::partition_point(first, entries_.end(), [&](const Entry& entry) {
    return entry.video == video && entry.segment.start <= interval.start + later + slack;
  });
  return {first, stop};
}

std::vector<char> overlaps_any(const VideoIntervals& segments, const VideoIntervals& others) {
  // The union of the others: disjoint, in order of video and time.
  std::vector<std::size_t> order(others.segments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) {
    return std::tuple(others.videos[i], others.segments[i].start);
  });
  struct Piece {
    std::int64_t video;
    Interval segment;
  };
  std::vector<Piece> pieces;
  for (const auto i : order) {
    const Interval segment = others.segments[i];
    if (!(segment.start < segment.end)) continue;
    if (!pieces.empty() && pieces.back().video == others.videos[i] &&
        segment.start <= pieces.back().segment.end) {
      pieces.back().segment.end = std::max(pieces.back().segment.end, segment.end);
    } else {
      pieces.push_back({others.videos[i], segment});
    }
  }
  std::vector<char> overlaps;
  overlaps.reserve(segments.segments.size());
  for (std::size_t i = 0; i < segments.segments.size(); ++i) {
    const Interval segment = segments.segments[i];
    // Of disjoint pieces, the first that ends after the start overlaps if any does.
    const auto piece = std::ranges::partition_point(pieces, [&](const Piece& candidate) {
      return std::tuple(candidate.video, candidate.segment.end) <=
             std::tuple(segments.videos[i], segment.start);
    });
    overlaps.push_back(piece != pieces.end() && piece->video == segments.videos[i] &&
                       shared_time(segment, piece->segment) > 0);
  }
  return overlaps;
}

}  // namespace lpat
