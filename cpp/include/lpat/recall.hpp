// How soon proposals find each ground truth, whatever its class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

inline constexpr std::int64_t not_found = -1;

// For each ground truth and each threshold, row-major (truths, tious): the rank, from 0, among its
// video's proposals of the first whose tIoU reaches the threshold, or not_found.
//
// Proposals rank by score, descending; of equal score, in input order. One may find several ground
// truths. Videos are in [0, video_count). Truths are divided among `threads` threads, 0 for as
// many as the machine runs at once. Takes O((N + G) log N) time while each truth has few proposals
// of a similar length nearby.
//
// Throws std::invalid_argument where sizes disagree, a value isn't finite, a segment ends before it
// starts, a video isn't in [0, video_count), or a threshold isn't in (0, 1].
std::vector<std::int64_t> first_ranks(const VideoIntervals& proposals,
                                      std::span<const double> scores, const VideoIntervals& truths,
                                      std::size_t video_count, std::span<const double> tious,
                                      std::size_t threads = 0);

}  // namespace lpat
