// Which ground truth each detection takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"
#include "lpat/protocol.hpp"

namespace lpat {

// A true detection and the ground truth that it takes, by their places in the class.
struct Match {
  std::size_t detection;
  std::size_t truth;
};

// Matching of one class within each video, at every tIoU threshold in one go, by the options'
// `matcher` and `strict`; a ground truth is taken once per threshold, by one detection.
//
// best_truth: each detection, best first, takes the free ground truth of largest tIoU; of equal
// tIoU, the later in the list, as in ActivityNet's code (argsort()[::-1], whose sort is stable for
// up to 16 truths). best_detection: each ground truth, in list order, takes the free detection of
// largest tIoU, whatever its score; of equal tIoU, the better ranked, as Matlab's max over
// detections sorted by score. first_truth: each detection, best first, takes the first free ground
// truth of the list whose tIoU suffices, not the best.
//
// `detections` are the class's, best first, `truths` its ground truths in list order; `tious` lie in
// (0, 1]. Returns, for each threshold, the true detections, best first.
//
// Takes O((N + G) log (N + G)) while each segment has few others of a similar length nearby.
std::vector<std::vector<Match>> match_class(const VideoIntervals& detections,
                                            const VideoIntervals& truths,
                                            std::span<const double> tious,
                                            const ProtocolOptions& options);

}  // namespace lpat
