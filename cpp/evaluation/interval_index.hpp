// Segments of many videos, in which those that may overlap an interval well lie side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

class IntervalIndex {
 public:
  struct Entry {
    std::int64_t video;
    Interval segment;
    std::size_t position;  // in the segments, or in `members`
  };

  explicit IntervalIndex(const VideoIntervals& segments);
  // Of the segments that `members` names, only.
  IntervalIndex(const VideoIntervals& segments, std::span<const std::size_t> members);

  // All entries of the video whose tIoU with the interval is `lowest_tiou` or more, which must be
  // positive, and others between them. Their starts are at most 1 / lowest_tiou times the
  // interval's length apart.
  std::span<const Entry> near(std::int64_t video, Interval interval, double lowest_tiou) const;

 private:
  void sort();

  std::vector<Entry> entries_;  // by video, then start, then position
};

// Whether each of `segments` shares time with one of `others` in its video. To meet in a point is
// not enough.
std::vector<char> overlaps_any(const VideoIntervals& segments, const VideoIntervals& others);

}  // namespace lpat
