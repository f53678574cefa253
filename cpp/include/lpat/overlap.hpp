// What each detection overlaps most, of its own class and of the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

inline constexpr std::int64_t no_truth = -1;

// The largest tIoU with any ground truth, and which it is: an index, or no_truth with tIoU 0.
struct Overlap {
  double tiou = 0;
  std::int64_t truth = no_truth;
};

struct BestOverlaps {
  Overlap own;     // among the truths of the detection's class
  Overlap others;  // among those of all other classes
};

// For each detection, its largest tIoU with the truths of its video, where that is `lowest_tiou` or
// more; of equal tIoU, the truth that is first in the list.
//
// Where snippets_per_second is positive, times are compared on that grid, as evaluation does: see
// grid.hpp. Detections are divided among `threads` threads, 0 for as many as the machine runs at
// once. Takes O((N + G) log G) time while each detection has few truths of a similar length nearby.
//
// Throws std::invalid_argument where sizes disagree, a time isn't finite, a segment ends before it
// starts, lowest_tiou isn't in (0, 1], or the grid is negative or not finite.
std::vector<BestOverlaps> best_overlaps(const Events& detections, const Events& truths,
                                        double lowest_tiou, double snippets_per_second = 0,
                                        std::size_t threads = 0);

}  // namespace lpat
