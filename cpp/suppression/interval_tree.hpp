// Segments of several classes that leave one by one, and those still there that overlap one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

class IntervalTree {
 public:
  // Views the segments, which must outlive it.
  IntervalTree(const Intervals& segments, std::span<const std::int64_t> classes);

  // In O(log N).
  void remove(std::size_t segment);

  // Those still there, of the class of `segment`, that share time with it; itself too, if it is
  // there. Valid until the next call. Takes O(log N) for each that it finds, and once more.
  std::span<const std::uint32_t> overlapping(std::size_t segment);

 private:
  std::size_t next(std::size_t position, double time) const;

  Intervals segments_;
  std::vector<std::uint32_t> positions_;  // of each segment, in order of class and start
  std::vector<std::uint32_t> order_;      // the segment at each position
  std::vector<std::uint32_t> first_;      // of each position, where its class begins
  std::vector<std::uint32_t> stop_;       // and where it ends
  // The latest end below each node. Node n has the children 2 n and 2 n + 1, 1 is the root, and
  // the positions are the leaves, from `leaves_` on.
  std::size_t leaves_;
  std::vector<double> latest_;
  std::vector<std::uint32_t> found_;
};

}  // namespace lpat
