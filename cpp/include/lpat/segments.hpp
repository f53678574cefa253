// Segments from snippet scores: the maximal runs that lie above a threshold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lpat {

// View of a row-major matrix; a row is a snippet.
struct Matrix {
  std::span<const float> values;
  std::size_t rows = 0;
  std::size_t columns = 0;

  float operator()(std::size_t row, std::size_t column) const {
    return values[row * columns + column];
  }
};

// Where a run begins and ends in time.
enum class Boundary {
  snippet,   // at the edges of its first and last snippet
  crossing,  // where score - threshold, linear between snippet centres, is zero
};

// Snippets [first, stop) of a class, and what they say. `margin` is score - threshold.
struct Run {
  std::int64_t class_index = 0;
  std::int64_t first = 0;
  std::int64_t stop = 0;
  double start = 0;  // seconds
  double end = 0;    // seconds, > start
  double mean_probability = 0;  // mean sigmoid(margin), to a millionth of it
  double mean_margin = 0;
  double maximum_score = 0;
  // Mean score inside minus mean score of the snippets just outside: on either side a quarter of
  // the run's length, rounded down, at least one snippet, clipped to the video (AutoLoc's
  // outer-inner contrast). A run that covers the whole video has nothing outside; the threshold,
  // which is as high as anything outside could be, stands in.
  double contrast = 0;

  bool operator==(const Run&) const = default;
};

// Maximal runs of snippets with score > threshold, of each of `classes`, in their order; a class's
// runs are disjoint and in order of time.
//
// `scores` is (T, C), `threshold` (T, 1) or (T, C), `edges` (T + 1) the snippets' borders in
// seconds, which may repeat but not decrease. Runs of less than `minimum_snippets` are left out,
// and so are runs that take no time, as at the end of features that are longer than their video.
//
// Takes one pass over the scores, in which sums grow with the runs, and reads again only what lies
// just outside of them.
//
// Throws std::invalid_argument where sizes disagree, a value isn't finite, a class isn't a column
// of the scores, edges decrease, or minimum_snippets is 0.
std::vector<Run> extract_segments(const Matrix& scores, const Matrix& threshold,
                                  std::span<const double> edges,
                                  std::span<const std::int64_t> classes, Boundary boundary,
                                  std::size_t minimum_snippets);

}  // namespace lpat
