#include <numeric>

#include "check.hpp"
#include "lpat/match.hpp"
#include "table.hpp"

namespace {

using Indices = std::vector<std::int64_t>;

Indices match(const Table& detections, const Table& truths, const std::vector<double>& tious) {
  std::vector<std::size_t> ranked(detections.videos.size());
  std::vector<std::size_t> members(truths.videos.size());
  std::iota(ranked.begin(), ranked.end(), 0);
  std::iota(members.begin(), members.end(), 0);
  return lpat::match_best_truth(detections.events(), ranked, truths.events(), members, tious);
}

void overlap_of_intervals() {
  CHECK_NEAR(lpat::temporal_iou({0, 2}, {1, 4}), 0.25);
  CHECK(lpat::temporal_iou({0, 1}, {1, 2}) == 0);
  CHECK(lpat::temporal_iou({1, 1}, {1, 1}) == 0);
  CHECK(lpat::temporal_iou({1, 3}, {1, 3}) == 1);
}

void the_best_truth_is_taken_then_the_next() {
  // tIoU with the truths: 0.5 and 0.8; the second detection finds the better one taken.
  const Table truths({{0, 0, 0, 5}, {0, 0, 0, 8}});
  const Table detections({{0, 0, 0, 10}, {0, 0, 0, 10}, {0, 0, 0, 10}});
  CHECK(match(detections, truths, {0.5, 0.6}) == (Indices{1, 0, -1, 1, -1, -1}));
}

void the_threshold_itself_is_enough() {
  const Table truths({{0, 0, 0, 5}});
  const Table detections({{0, 0, 0, 10}});
  CHECK(match(detections, truths, {0.5, 0.5001}) == (Indices{0, -1}));
}

void equal_overlaps_take_the_later_truth() {
  const Table truths({{0, 0, 0, 5}, {0, 0, 5, 10}});
  const Table detections({{0, 0, 0, 10}});
  CHECK(match(detections, truths, {0.5}) == (Indices{1}));
}

void videos_are_apart() {
  const Table truths({{2, 0, 0, 5}, {1, 0, 0, 5}});
  const Table detections({{1, 0, 0, 5}, {3, 0, 0, 5}, {2, 0, 0, 5}, {0, 0, 0, 5}});
  CHECK(match(detections, truths, {0.5}) == (Indices{1, -1, 0, -1}));
}

void nested_truths_are_all_found() {
  const Table truths({{0, 0, 0, 100}, {0, 0, 10, 20}, {0, 0, 30, 40}, {0, 0, 50, 60}});
  const Table detections({{0, 0, 50, 60}, {0, 0, 11, 20}, {0, 0, 0, 90}});
  CHECK(match(detections, truths, {0.5}) == (Indices{3, 1, 0}));
}

void nothing_matches_nothing() {
  CHECK(match(Table({}), Table({}), {0.5}).empty());
  CHECK(match(Table({{0, 0, 0, 1}}), Table({}), {0.5}) == (Indices{-1}));
  CHECK(match(Table({{0, 0, 0, 1}}), Table({{0, 0, 0, 1}}), {}).empty());
}

}  // namespace

int main() {
  overlap_of_intervals();
  the_best_truth_is_taken_then_the_next();
  the_threshold_itself_is_enough();
  equal_overlaps_take_the_later_truth();
  videos_are_apart();
  nested_truths_are_all_found();
  nothing_matches_nothing();
  return failures;
}
