// Detections judged against ground truth, class by class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"
#include "lpat/protocol.hpp"

namespace lpat {

// What stands for the ground truth of a detection that takes none.
inline constexpr std::int64_t false_detection = -1;
inline constexpr std::int64_t dropped_detection = -2;  // neither true nor false: not ranked

// Detections, the ground truths they are judged by, and times in which nobody can tell, which hold
// for all classes of their video. Views.
struct EvaluationInput {
  Events detections;
  std::span<const double> scores;
  Events truths;
  std::size_t class_count = 0;
  std::span<const double> tious;
  VideoIntervals ambiguous = {};
  ProtocolOptions options = {};
};

// Average precision of each class at each tIoU threshold, row-major (class_count, tious), by the
// protocol that the options spell out (docs/evaluation.md).
//
// Detections rank by score, descending; of equal score, in input order. (The originals' order of
// ties is arbitrary.) A class without detections has 0, or NaN where the options skip it.
//
// Classes are divided among `threads` threads, 0 for as many as the machine runs at once; the
// result doesn't depend on how many. Takes O((N + G) log (N + G)) time while each segment has few
// others of a similar length nearby, and beside the input 8 bytes for each event (24 where the
// protocol has a grid), and for the classes that are being judged 48 for each of their events (80
// for Matcher::best_detection).
//
// Throws std::invalid_argument where sizes disagree, a value isn't finite, a segment ends before
// it starts, a class isn't in [0, class_count), a class has no ground truth, a threshold isn't in
// (0, 1], or the grid is negative or not finite.
std::vector<double> average_precisions(const EvaluationInput& input, std::size_t threads = 0);

// The least and the most that an average precision can be.
struct PrecisionRange {
  double lowest;
  double highest;
};

// What the order of detections of equal score can make of each average precision, in the order of
// `average_precisions`, which lies between; each class and threshold has orders of its own. No order
// gives less or more. Where no detection suffices for two ground truths, some order gives exactly
// that; else it may be a little wider. (NaN, NaN) where the options skip a class.
//
// Throws as `average_precisions` does.
std::vector<PrecisionRange> average_precision_ranges(const EvaluationInput& input,
                                                     std::size_t threads = 0);

// The ground truth that each detection takes at each threshold, row-major (tious, N), in the order
// of the input: an index into `truths`, false_detection or dropped_detection. Same rules, but
// classes without ground truth are welcome.
std::vector<std::int64_t> match_detections(const EvaluationInput& input, std::size_t threads = 0);

// Mean over the classes of row-major (classes, tious), at each threshold. Classes that are left out,
// which have NaN, don't count; where no class counts, 0.
std::vector<double> mean_over_classes(std::span<const double> precisions, std::size_t tious);

}  // namespace lpat
