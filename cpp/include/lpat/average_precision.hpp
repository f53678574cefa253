// Average precision of a ranked list of detections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lpat {

// Area under the precision-recall curve, interpolated at all points: the precision at a recall is
// the largest at that recall or beyond (Pascal VOC since 2010, ActivityNet).
//
// `matches` are the detections, best first: -1 for a false one. `truths` counts the ground truths
// and must be positive. Without detections, 0.
double interpolated_average_precision(std::span<const std::int64_t> matches, std::size_t truths);

}  // namespace lpat
