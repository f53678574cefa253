// Proposals from several levels: the maximal runs above the threshold, above a level below it, and
// above levels higher up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/segments.hpp"

namespace lpat {

// Snippets [first, stop) of a class whose margins all exceed a level, while its neighbours' don't.
// `margin` is score - threshold, a float; `gate` is sigmoid(sharpness * margin), to a millionth.
struct LevelSet {
  std::int64_t class_index = 0;
  std::int64_t first = 0;
  std::int64_t stop = 0;
  double start = 0;  // seconds
  double end = 0;    // seconds, > start
  double level = 0;  // of the levels that have this run, the middle one; of two, the lower
  double peak = 0;   // largest margin
  double mean_margin = 0;
  double mean_gate = 0;
  // Mean gate inside minus mean gate of the snippets just outside, which are those of Run::contrast.
  // A run that covers the whole video has nothing outside; the gate at the threshold, 1/2, stands in.
  double contrast = 0;

  bool operator==(const LevelSet&) const = default;
};

inline constexpr std::size_t most_levels = 64;

// Which levels, and what becomes of the runs above them.
struct LevelOptions {
  double lowest = -0.5;        // a margin, at most 0
  double highest_share = 0.8;  // of the highest margin, from 0 to 1
  std::size_t count = 7;       // 1 to most_levels
  double sharpness = 1;        // of the gate, positive
  Boundary boundary = Boundary::snippet;
  std::size_t minimum_snippets = 1;
};

// Levels, as margins, of a class whose largest margin is `highest`; they don't decrease. One is 0;
// of two or more, the first is `lowest` and the second 0; the others are evenly spaced above 0, the
// last at highest_share * highest. Where `highest` isn't above 0, there are no others.
//
// Throws std::invalid_argument where an option is out of bounds.
std::vector<float> margin_levels(float highest, const LevelOptions& options);

// The maximal runs of margins above any of `margin_levels`, of each of `classes`, in their order.
// Equal runs of several levels come once. Those of a class come in order of `first`, of equal
// `first` the longer before the shorter, so that a run follows those that it lies in.
//
// With Boundary::crossing a run starts and ends where the margin, linear between snippet centres,
// passes its level. Other arguments are as of extract_segments: the runs of level 0 are its runs.
//
// Takes two passes over the scores, and looks again only at what lies above the lowest level and
// just outside of it: O(T) for each class and level at worst.
//
// Throws as extract_segments and margin_levels.
std::vector<LevelSet> extract_level_sets(const Matrix& scores, const Matrix& threshold,
                                         std::span<const double> edges,
                                         std::span<const std::int64_t> classes,
                                         const LevelOptions& options);

}  // namespace lpat
