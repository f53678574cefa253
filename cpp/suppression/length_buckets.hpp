// Segments of several classes, laid out so that the few that can overlap one a lot are soon found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

// Two segments whose tIoU exceeds t differ in length by less than a factor of 1 / t, and their
// middles lie less than (1 - t) / (1 + t) of their mean length apart. So segments of one class and
// similar length lie in one bucket, in order of their middles, and one that is taken needs to look
// only at a short range of a few buckets. What it leaves there may be looked at again, but those
// that are taken overlap each other by no more than t, and only O(1 / t) such fit into the ranges
// that reach a segment.
class LengthBuckets {
 public:
  // Those that last some time lie in buckets, the others do not. The threshold is in (0, 1).
  LengthBuckets(const Intervals& segments, std::span<const std::int64_t> classes, double tiou);

  // Takes the segment away, and all others of its class whose tIoU with it exceeds the threshold.
  // False if it was gone; true for one that lay in no bucket.
  bool take(std::size_t segment);

 private:
  // Positions [first, stop), and the buckets of its class with lengths that it may meet.
  struct Bucket {
    std::uint32_t first = 0;
    std::uint32_t stop = 0;
    double longest = 0;
    std::size_t near_first = 0;
    std::size_t near_stop = 0;
    std::size_t ranges = 0;  // where those of `first` begin in `range_starts_`
  };

  // How far from the time, at most, the middles lie of segments of a bucket that one of this length
  // and middle may suppress.
  double reach(double seconds, double longest, double time) const;
  void find_ranges(const Bucket& bucket);
  std::uint32_t next_alive(std::uint32_t position);

  double tiou_;
  std::vector<Bucket> buckets_;
  std::vector<Interval> segments_;        // by position: bucket after bucket
  std::vector<std::uint32_t> bucket_of_;  // by position
  // By position: itself if still there, else one up to which none is.
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> positions_;  // of each segment, or `nowhere`
  // By position, for each near bucket: where the range begins that a segment looks at.
  std::vector<std::uint32_t> range_starts_;
};

}  // namespace lpat
