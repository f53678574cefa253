// Average precision of a ranked list of detections.
#pragma once

#include <cstddef>
#include <span>

namespace lpat {

// Area under the precision-recall curve: the mean over all ground truths of the precision at the
// rank where each was found, or 0. Interpolated, the precision at a recall is the largest at that
// recall or beyond (Pascal VOC since 2010, ActivityNet).
//
// `ranks` are those of the true detections, ascending, the best detection's being 0; `truths`
// counts the ground truths and must be positive. Without true detections, 0.
double average_precision(std::span<const std::size_t> ranks, std::size_t truths, bool interpolated);

}  // namespace lpat
