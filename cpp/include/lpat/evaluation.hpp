// Detections judged against ground truth, class by class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"
#include "lpat/protocol.hpp"

namespace lpat {

// Average precision of each class at each tIoU threshold, row-major (class_count, tious), by the
// protocol that the options spell out: see match_class and average_precision.
//
// Detections rank by score, descending; of equal score, in input order. (The originals' order of
// ties is arbitrary.) A class without detections has 0. `ambiguous` intervals hold for all classes
// of their video.
//
// Throws std::invalid_argument where sizes disagree, a value isn't finite, a segment ends before
// it starts, a class isn't in [0, class_count), a class has no ground truth, a threshold isn't in
// (0, 1], or the grid is negative or not finite.
std::vector<double> average_precisions(const Events& detections, std::span<const double> scores,
                                       const Events& truths, std::size_t class_count,
                                       std::span<const double> tious,
                                       const VideoIntervals& ambiguous = {},
                                       const ProtocolOptions& options = {});

// The ground truth that each detection takes at each threshold, row-major (tious, N), in the order
// of the input: an index into `truths`, false_detection or dropped_detection. Same rules, but
// classes without ground truth are welcome.
std::vector<std::int64_t> match_detections(const Events& detections,
                                           std::span<const double> scores, const Events& truths,
                                           std::size_t class_count, std::span<const double> tious,
                                           const VideoIntervals& ambiguous = {},
                                           const ProtocolOptions& options = {});

}  // namespace lpat
