// Segments of many videos, in which those near an interval lie side by side.
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
    double reach;  // latest end among the video's entries up to this one
    std::size_t position;  // in `members`
  };

  // Index of the segments that `members` names.
  IntervalIndex(const VideoIntervals& segments, std::span<const std::size_t> members);

  // All entries that overlap the interval, and, where entries nest, maybe others between them.
  std::span<const Entry> near(std::int64_t video, Interval interval) const;

 private:
  std::vector<Entry> entries_;
};

// Whether each of `segments` shares time with one of `others` in its video. To meet in a point is
// not enough.
std::vector<char> overlaps_any(const VideoIntervals& segments, const VideoIntervals& others);

}  // namespace lpat
