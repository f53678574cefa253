#include <algorithm>
#include <vector>

#include "check.hpp"
#include "evaluation/match.hpp"
#include "table.hpp"

namespace {

using lpat::Matcher;
using Indices = std::vector<std::int64_t>;

// The truth of each detection, threshold by threshold, -1 for none.
Indices match(const Table& detections, const Table& truths, const std::vector<double>& tious,
              const lpat::ProtocolOptions& options = {}) {
  const auto matches = lpat::match_class(detections.events().without_classes(),
                                         truths.events().without_classes(), tious, options);
  const std::size_t count = detections.videos.size();
  Indices taken(tious.size() * count, -1);
  for (std::size_t k = 0; k < tious.size(); ++k) {
    CHECK(std::ranges::is_sorted(matches[k], {}, &lpat::Match::detection));
    for (const auto& [detection, truth] : matches[k]) {
      taken[k * count + detection] = static_cast<std::int64_t>(truth);
    }
  }
  return taken;
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

const std::vector<Matcher> all_matchers{Matcher::best_truth, Matcher::best_detection,
                                        Matcher::first_truth};

void a_strict_threshold_must_be_exceeded() {
  const Table truths({{0, 0, 0, 5}});
  const Table detections({{0, 0, 0, 10}});
  for (const auto matcher : all_matchers) {
    CHECK(match(detections, truths, {0.5, 0.4999}, {matcher, true}) == (Indices{-1, 0}));
  }
}

void each_truth_takes_its_best_detection_whatever_the_score() {
  // tIoU of the detections with the first truth: 0.6 and 0.9; the second truth gets the rest.
  const Table truths({{0, 0, 0, 10}, {0, 0, 0, 6}});
  const Table detections({{0, 0, 0, 6}, {0, 0, 0, 9}, {0, 0, 0, 6}});
  CHECK(match(detections, truths, {0.5, 0.95}, {Matcher::best_detection}) ==
        (Indices{1, 0, -1, 1, -1, -1}));
  CHECK(match(detections, truths, {0.5}, {Matcher::best_truth}) == (Indices{1, 0, -1}));
}

void each_truth_takes_the_better_ranked_of_equal_overlaps() {
  const Table truths({{0, 0, 0, 10}});
  const Table detections({{0, 0, 0, 5}, {0, 0, 5, 10}});
  CHECK(match(detections, truths, {0.5}, {Matcher::best_detection}) == (Indices{0, -1}));
}

void the_first_truth_that_suffices_is_taken_though_another_is_better() {
  const Table truths({{0, 0, 0, 2}, {0, 0, 0, 6}, {0, 0, 0, 10}});
  const Table detections({{0, 0, 0, 10}, {0, 0, 0, 10}, {0, 0, 0, 10}});
  CHECK(match(detections, truths, {0.5, 0.7}, {Matcher::first_truth}) ==
        (Indices{1, 2, -1, 2, -1, -1}));
}

void videos_are_apart() {
  const Table truths({{2, 0, 0, 5}, {1, 0, 0, 5}});
  const Table detections({{1, 0, 0, 5}, {3, 0, 0, 5}, {2, 0, 0, 5}, {0, 0, 0, 5}});
  for (const auto matcher : all_matchers) {
    CHECK(match(detections, truths, {0.5}, {matcher}) == (Indices{1, -1, 0, -1}));
  }
}

void nested_truths_are_all_found() {
  const Table truths({{0, 0, 0, 100}, {0, 0, 10, 20}, {0, 0, 30, 40}, {0, 0, 50, 60}});
  const Table detections({{0, 0, 50, 60}, {0, 0, 11, 20}, {0, 0, 0, 90}});
  CHECK(match(detections, truths, {0.5}) == (Indices{3, 1, 0}));
}

void nothing_matches_nothing() {
  for (const auto matcher : all_matchers) {
    CHECK(match(Table({}), Table({}), {0.5}, {matcher}).empty());
    CHECK(match(Table({}), Table({{0, 0, 0, 1}}), {0.5}, {matcher}).empty());
    CHECK(match(Table({{0, 0, 0, 1}}), Table({}), {0.5}, {matcher}) == (Indices{-1}));
    CHECK(match(Table({{0, 0, 0, 1}}), Table({{0, 0, 0, 1}}), {}, {matcher}).empty());
  }
}

}  // namespace

int main() {
  overlap_of_intervals();
  the_best_truth_is_taken_then_the_next();
  the_threshold_itself_is_enough();
  equal_overlaps_take_the_later_truth();
  a_strict_threshold_must_be_exceeded();
  each_truth_takes_its_best_detection_whatever_the_score();
  each_truth_takes_the_better_ranked_of_equal_overlaps();
  the_first_truth_that_suffices_is_taken_though_another_is_better();
  videos_are_apart();
  nested_truths_are_all_found();
  nothing_matches_nothing();
  return failures;
}
