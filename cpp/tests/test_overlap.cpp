#include <algorithm>

#include "check.hpp"
#include "lpat/overlap.hpp"
#include "table.hpp"

namespace {

using lpat::BestOverlaps;

std::vector<BestOverlaps> overlaps(const Table& detections, const Table& truths,
                                   double lowest = 0.1, double grid = 0, std::size_t threads = 1) {
  return lpat::best_overlaps(detections.events(), truths.events(), lowest, grid, threads);
}

bool equal(const lpat::Overlap& a, const lpat::Overlap& b) {
  return a.truth == b.truth && a.tiou == b.tiou;
}

void own_and_other_classes_are_apart() {
  const Table truths({{0, 0, 0, 10}, {0, 1, 0, 8}, {0, 0, 0, 5}, {1, 0, 0, 10}});
  const auto result = overlaps(Table({{0, 0, 0, 8}, {0, 1, 0, 10}, {1, 1, 0, 10}}), truths);
  CHECK_NEAR(result[0].own.tiou, 0.8);
  CHECK(result[0].own.truth == 0);
  CHECK(equal(result[0].others, {1, 1}));
  CHECK_NEAR(result[1].own.tiou, 0.8);
  CHECK(equal(result[1].others, {1, 0}));
  CHECK(equal(result[2].own, {0, -1}));
  CHECK(equal(result[2].others, {1, 3}));
}

void too_little_is_nothing() {
  const Table truths({{0, 0, 0, 1}});
  const Table detections({{0, 0, 0, 10}, {0, 0, 0, 10.1}, {0, 0, 1, 2}, {0, 0, 0.5, 0.5}});
  const auto result = overlaps(detections, truths);
  CHECK(equal(result[0].own, {0.1, 0}));
  for (std::size_t i = 1; i < 4; ++i) CHECK(equal(result[i].own, {0, lpat::no_truth}));
}

void of_equal_overlaps_the_first_truth_counts() {
  const Table truths({{0, 0, 5, 10}, {0, 0, 0, 5}});
  CHECK(equal(overlaps(Table({{0, 0, 0, 10}}), truths)[0].own, {0.5, 0}));
}

void truths_are_rounded_to_the_grid_and_detections_are_not() {
  const Table truths({{0, 0, 0.4, 3.6}});
  CHECK(equal(overlaps(Table({{0, 0, 0, 2}}), truths, 0.1, 1)[0].own, {0.5, 0}));
  CHECK_NEAR(overlaps(Table({{0, 0, 0, 2.4}}), truths, 0.1, 1)[0].own.tiou, 0.6);
}

void threads_change_nothing() {
  std::vector<Row> rows;
  std::vector<Row> annotated;
  for (int i = 0; i < 5000; ++i) {
    const double start = (i * 37) % 101;
    rows.push_back({i % 11, i % 7, start, start + 1 + i % 13});
    if (i % 5 == 0) annotated.push_back({i % 11, i % 3, start + 1, start + 9});
  }
  const Table detections(rows);
  const Table truths(annotated);
  const auto one = overlaps(detections, truths, 0.1, 0, 1);
  const auto four = overlaps(detections, truths, 0.1, 0, 4);
  CHECK(std::ranges::equal(one, four, [](const BestOverlaps& a, const BestOverlaps& b) {
    return equal(a.own, b.own) && equal(a.others, b.others);
  }));
}

void nothing_overlaps_nothing() {
  CHECK(overlaps(Table({}), Table({{0, 0, 0, 1}})).empty());
  CHECK(equal(overlaps(Table({{0, 0, 0, 1}}), Table({}))[0].own, {0, -1}));
}

void bad_input_is_refused() {
  const Table one({{0, 0, 0, 1}});
  CHECK_REFUSES(overlaps(Table({{0, 0, 1, 0}}), one), "detection segment 0 must not end");
  CHECK_REFUSES(overlaps(one, Table({{0, 0, 0, std::nan("")}})), "truth segment 0 must be finite");
  CHECK_REFUSES(overlaps(one, one, 0), "tious must be in (0, 1], not 0");
  CHECK_REFUSES(overlaps(one, one, 0.1, -1), "snippets_per_second must be finite and at least 0");
}

}  // namespace

int main() {
  own_and_other_classes_are_apart();
  too_little_is_nothing();
  of_equal_overlaps_the_first_truth_counts();
  truths_are_rounded_to_the_grid_and_detections_are_not();
  threads_change_nothing();
  nothing_overlaps_nothing();
  bad_input_is_refused();
  return failures;
}
