// What the order of detections of equal score can make of a class's average precision.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "evaluation/match.hpp"
#include "lpat/evaluation.hpp"

namespace lpat {

// A class's detections and truths, and what the input's own order of ties makes of them.
struct TiedClass {
  VideoIntervals detections;             // best first
  std::span<const std::size_t> groups;   // of equal score, numbered from 0, for each detection
  std::span<const char> dropped;         // whether each, if it is false, takes no rank; or empty
  VideoIntervals truths;                 // in list order
  std::span<const std::vector<Match>> matches;  // of `match_class`, for each threshold
};

// Bounds of the average precision at each threshold over all orders of equal scores.
//
// Detections and truths that suffice for each other, directly or through others, are a component,
// and components don't know of each other. Of one truth, the group of its true detection is certain
// under every matcher, and so is which of its detections there compete for it: the best order has the
// true ones of a group first; the worst has those without any truth first, then truth by truth the
// true one before its competitors, most competitors first. These are orders, so bounds are attained.
//
// In a component of several truths that has ties, the order may change which truths are taken, and so
// what is left for later groups. All its outcomes are gone through, and the fewest and most true
// detections down to each group are taken, which one order need not have everywhere: bounds hold, but
// may be wider than the range. Where outcomes are more than `most_outcomes`, wider ones hold: a
// greedy matching has at least half, and at most twice, as many pairs as another.
std::vector<PrecisionRange> tied_ranges(const TiedClass& input, std::span<const double> tious,
                                        const ProtocolOptions& options);

}  // namespace lpat
