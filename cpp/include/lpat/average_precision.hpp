// Average precision of a ranked list of detections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lpat {

// Area under the precision-recall curve: the mean over all ground truths of the precision at the
// rank where each was found, or 0. Interpolated, the precision at a recall is the largest at that
// recall or beyond (Pascal VOC since 2010, ActivityNet).
//
// `matches` are the detections, best first, as match_class gives them; a dropped one takes no
// rank. `truths` counts the ground truths and must be positive. Without detections, 0.
double average_precision(std::span<const std::int64_t> matches, std::size_t truths,
                         bool interpolated);

}  // namespace lpat
