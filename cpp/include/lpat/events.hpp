// What evaluation compares: labelled segments of many videos.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lpat {

struct Interval {
  double start = 0;
  double end = 0;
};

// View of (N, 2) row-major times.
struct Intervals {
  std::span<const double> values;

  Interval operator[](std::size_t i) const { return {values[2 * i], values[2 * i + 1]}; }
  std::size_t size() const { return values.size() / 2; }
};

// Segments with the number of their video: parallel arrays.
struct VideoIntervals {
  std::span<const std::int64_t> videos;
  Intervals segments;
};

// Segments with their class and the number of their video: parallel arrays.
struct Events {
  std::span<const std::int64_t> videos;
  std::span<const std::int64_t> classes;
  Intervals segments;

  std::size_t size() const { return segments.size(); }
  VideoIntervals without_classes() const { return {videos, segments}; }
};

inline double shared_time(Interval a, Interval b) {
  return std::max(0.0, std::min(a.end, b.end) - std::max(a.start, b.start));
}

// Intersection over union, and 0 where the union takes no time.
inline double temporal_iou(Interval a, Interval b) {
  const double intersection = shared_time(a, b);
  const double together = (b.end - b.start) + (a.end - a.start) - intersection;
  return together > 0 ? intersection / together : 0.0;
}

}  // namespace lpat
