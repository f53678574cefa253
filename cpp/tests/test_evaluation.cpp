#include "check.hpp"
#include "lpat/evaluation.hpp"
#include "table.hpp"

namespace {

std::vector<double> precisions(const Table& detections, const Table& truths, std::size_t classes,
                               const std::vector<double>& tious) {
  return lpat::average_precisions(detections.events(), detections.scores, truths.events(), classes,
                                  tious);
}

const Table truths({{0, 0, 0, 10}, {1, 0, 0, 10}, {0, 1, 20, 30}});

void classes_are_judged_apart() {
  const Table detections({{0, 1, 20, 30, 0.1}, {1, 0, 0, 6, 0.9}, {0, 0, 0, 10, 0.5}});
  const auto result = precisions(detections, truths, 2, {0.5, 0.7});
  CHECK(result.size() == 4);
  CHECK_NEAR(result[0], 1);
  CHECK_NEAR(result[1], 0.25);  // the better one is false at 0.7: precision 1/2 at recall 1/2
  CHECK_NEAR(result[2], 1);
  CHECK_NEAR(result[3], 1);
}

void equal_scores_rank_in_input_order() {
  const Table right_first({{0, 1, 20, 30, 0.5}, {1, 1, 20, 30, 0.5}});
  const Table wrong_first({{1, 1, 20, 30, 0.5}, {0, 1, 20, 30, 0.5}});
  CHECK_NEAR(precisions(right_first, truths, 2, {0.5})[1], 1);
  CHECK_NEAR(precisions(wrong_first, truths, 2, {0.5})[1], 0.5);
}

void a_class_without_detections_has_none() {
  const auto result = precisions(Table({}), truths, 2, {0.5});
  CHECK(result == (std::vector<double>{0, 0}));
}

void duplicates_and_empty_segments_are_false() {
  const Table detections({{0, 1, 25, 25, 0.9}, {0, 1, 20, 30, 0.8}, {0, 1, 20, 30, 0.7}});
  CHECK_NEAR(precisions(detections, truths, 2, {0.5})[1], 0.5);
}

void matches_come_in_input_order() {
  const Table detections({{0, 0, 0, 5, 0.1}, {0, 0, 0, 10, 0.9}, {0, 1, 20, 30, 0.5}});
  const auto matches = lpat::match_detections(detections.events(), detections.scores,
                                              truths.events(), 3, std::vector<double>{0.5});
  CHECK(matches == (std::vector<std::int64_t>{-1, 0, 2}));
}

void broken_input_is_refused() {
  const std::vector<double> half{0.5};
  CHECK_REFUSES(precisions(Table({{0, 0, NAN, 1}}), truths, 2, half), "segment 0 must be finite");
  CHECK_REFUSES(precisions(Table({{0, 0, 2, 1}}), truths, 2, half), "end before it starts");
  CHECK_REFUSES(precisions(Table({{0, 0, 0, 1, INFINITY}}), truths, 2, half), "score 0");
  CHECK_REFUSES(precisions(Table({{0, 2, 0, 1}}), truths, 2, half), "one of 2, not 2");
  CHECK_REFUSES(precisions(Table({{0, -1, 0, 1}}), truths, 2, half), "not -1");
  CHECK_REFUSES(precisions(Table({}), truths, 3, half), "class 2 must have");
  CHECK_REFUSES(precisions(Table({}), truths, 2, {0.0}), "(0, 1]");
  CHECK_REFUSES(precisions(Table({}), truths, 2, {NAN}), "(0, 1]");
}

}  // namespace

int main() {
  classes_are_judged_apart();
  equal_scores_rank_in_input_order();
  a_class_without_detections_has_none();
  duplicates_and_empty_segments_are_false();
  matches_come_in_input_order();
  broken_input_is_refused();
  return failures;
}
