// Non-maximum suppression: of segments that overlap, the better one stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/events.hpp"

namespace lpat {

// Segments with class and score: parallel arrays.
struct ScoredSegments {
  Intervals segments;
  std::span<const std::int64_t> classes;
  std::span<const double> scores;

  std::size_t size() const { return segments.size(); }
};

// Indices of the segments that stay, by score, descending; of equal score, in input order.
//
// In that order, each segment stays unless its tIoU with one of its class that stays exceeds the
// threshold. One that takes no time has tIoU 0 with everything. Segments of different classes
// never meet.
//
// Takes O(N log N) at any threshold that isn't near 0, however the segments lie: at threshold t,
// a segment is compared with O(1 / t) others. Threshold 0 takes O(N log N) too.
//
// Throws std::invalid_argument where sizes disagree, a time or score isn't finite, a segment ends
// before it starts, or the threshold isn't in [0, 1].
std::vector<std::int64_t> suppress(const ScoredSegments& detections, double tiou);

// By what a score is multiplied, for each better segment of tIoU o (Bodla et al., Soft-NMS, 2017).
enum class Decay {
  gaussian,  // exp(-o^2 / sigma)
  linear,    // 1 - o where o exceeds `tiou`, else 1
};

struct SofteningOptions {
  Decay decay = Decay::gaussian;
  double sigma = 0.5;           // of gaussian: positive, finite
  double tiou = 0.3;            // of linear: in [0, 1]
  double minimum_score = 0.001;  // segments that fall below are left out; finite, at least 0
};

struct Softened {
  std::vector<std::int64_t> indices;
  std::vector<double> scores;
};

// The segments in the order in which they are taken, with their decayed scores, which descend.
//
// Again and again, the segment of largest score is taken, of equal ones the first of the input,
// and the scores of its class that are left decay. Scores must not be negative: those would rise.
//
// Takes O((N + P) log N), where P counts the pairs that overlap while both scores last.
//
// Throws std::invalid_argument as `suppress` does, and where a score is negative or an option is
// out of its range.
Softened soften(const ScoredSegments& detections, const SofteningOptions& options);

}  // namespace lpat
