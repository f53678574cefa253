// Which ground truth each detection takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

// ActivityNet's matching of one class, at every tIoU threshold in one go.
//
// Each detection, best first, takes of its video's ground truths the free one of largest tIoU, if
// that is at least the threshold. Of equal tIoU, the later in the list comes first, as in the
// original (argsort()[::-1], whose sort is stable for up to 16 truths).
//
// `ranked` indexes the class's detections, best first, `members` its ground truths in list order;
// `tious` lie in (0, 1]. Returns row-major (tious, ranked): the index of the ground truth taken,
// or -1. A truth is taken once per threshold.
//
// Takes O((N + G) log G) while each detection overlaps few ground truths; one that begins early in
// the video and ends late makes each detection look at those that begin in between.
std::vector<std::int64_t> match_best_truth(const Events& detections,
                                           std::span<const std::size_t> ranked,
                                           const Events& truths,
                                           std::span<const std::size_t> members,
                                           std::span<const double> tious);

}  // namespace lpat
