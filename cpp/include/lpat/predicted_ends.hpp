// How well segments agree with where each snippet says that its instance begins and ends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lpat/segments.hpp"

namespace lpat {

// What each of T snippets says of the instance that it lies in.
struct PredictedEnds {
  Matrix chances;    // (T, C) that it is near the middle of an instance of the class, from 0 to 1
  Matrix distances;  // (T, 2) in snippets, from its middle back to the start and on to the end
  std::span<const double> edges;  // (T + 1) borders of the snippets in seconds
};

// For each segment (2 N: start, end) of a class (N), how well it fits what the snippets predict whose
// middles lie in it: the largest product of the tIoU with a snippet's prediction and the square root
// of that snippet's chance. Where no middle does, the nearest one counts, of two the first. From 0
// to 1; 0 without snippets.
//
// Distances become seconds by the median length of a snippet, of two the shorter. Takes
// O(T + N log T + L) for segments of L snippets together.
//
// Throws std::invalid_argument where shapes don't fit, edges aren't finite or decrease, a chance isn't
// from 0 to 1, a distance isn't finite or is negative, a segment isn't finite or ends before it starts,
// or a class isn't there.
std::vector<double> fit_segments(const PredictedEnds& ends, std::span<const double> segments,
                                 std::span<const std::int64_t> classes);

// A segment as one snippet predicts it.
struct Proposal {
  std::int64_t class_index = 0;
  std::int64_t snippet = 0;  // that predicts it
  double start = 0;          // seconds, within the video
  double end = 0;            // seconds, > start
  double chance = 0;         // of the snippet
  // As of a LevelSet, of the snippets whose middles lie in the segment, or the nearest one.
  double peak = 0;
  double contrast = 0;

  bool operator==(const Proposal&) const = default;
};

// Which snippets propose.
struct ProposalOptions {
  double lowest_chance = 0.1;  // from 0 to 1
  double highest_share = 0.3;  // of the class's highest chance in the video, from 0 to 1
  double sharpness = 1;        // of the gate, positive
};

// What those snippets predict whose chance of a class is at least its neighbours' and at least both
// of the options', of each of `classes` in their order, then by snippet. A predicted segment is cut
// at the video's ends; one that then takes no time is left out.
//
// Scores and threshold say how the segments stand out; their shapes are as of extract_segments.
// Takes O(T) for each class.
//
// Throws std::invalid_argument as extract_segments and fit_segments, and where an option is out of
// bounds.
std::vector<Proposal> propose_segments(const PredictedEnds& ends, const Matrix& scores,
                                       const Matrix& threshold,
                                       std::span<const std::int64_t> classes,
                                       const ProposalOptions& options);

}  // namespace lpat
