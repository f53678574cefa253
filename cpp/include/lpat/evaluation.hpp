// Detections judged against ground truth, class by class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

// Average precision of each class at each tIoU threshold, row-major (class_count, tious), by the
// protocol of ActivityNet: see match_best_truth and interpolated_average_precision.
//
// Detections rank by score, descending; of equal score, in input order. (The original's order of
// ties is arbitrary.) A class without detections has 0.
//
// Throws std::invalid_argument where sizes disagree, a value isn't finite, a segment ends before
// it starts, a class isn't in [0, class_count), a class has no ground truth, or a threshold isn't
// in (0, 1].
std::vector<double> average_precisions(const Events& detections, std::span<const double> scores,
                                       const Events& truths, std::size_t class_count,
                                       std::span<const double> tious);

// The ground truth that each detection takes at each threshold, row-major (tious, N), in the order
// of the input: an index into `truths`, or -1 for a false detection. Same rules, but classes
// without ground truth are welcome.
std::vector<std::int64_t> match_detections(const Events& detections,
                                           std::span<const double> scores, const Events& truths,
                                           std::size_t class_count, std::span<const double> tious);

}  // namespace lpat
