#include "base/parallel.hpp"
#include "check.hpp"
#include "evaluation/grid.hpp"
#include "evaluation/interval_index.hpp"
#include "lpat/evaluation.hpp"
#include "table.hpp"

namespace {

std::vector<double> precisions(const Table& detections, const Table& truths, std::size_t classes,
                               const std::vector<double>& tious) {
  return lpat::average_precisions(
      {detections.events(), detections.scores, truths.events(), classes, tious});
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

void an_empty_class_can_be_left_out() {
  const Table detections({{0, 1, 20, 30, 0.5}});
  const std::vector<double> half{0.5};
  const auto result = lpat::average_precisions(
      {detections.events(), detections.scores, truths.events(), 2, half, {},
       {.empty_class = lpat::EmptyClass::skip}});
  CHECK(std::isnan(result[0]));
  CHECK_NEAR(result[1], 1);
}

void threads_change_nothing() {
  std::vector<Row> rows;
  std::vector<Row> annotated;
  for (int i = 0; i < 4000; ++i) {
    const double start = (i * 37) % 101;
    rows.push_back({i % 11, i % 7, start, start + 1 + i % 13, (i * 31) % 17 * 0.125});
    if (i % 5 == 0) annotated.push_back({i % 11, i % 7, start + 1, start + 9, 0});
  }
  const Table detections(rows);
  const Table many(annotated);
  const std::vector<double> tious{0.1, 0.3, 0.5};
  for (const auto matcher : {lpat::Matcher::best_truth, lpat::Matcher::best_detection}) {
    const lpat::EvaluationInput input{detections.events(), detections.scores, many.events(), 7,
                                    tious, {}, {.matcher = matcher}};
    CHECK(lpat::average_precisions(input, 1) == lpat::average_precisions(input, 4));
    CHECK(lpat::match_detections(input, 1) == lpat::match_detections(input, 0));
  }
}

// Three of one score: A and B hit the first truth, C nothing; D, lower, hits the second. At best A,
// B, C, D: (1/1 + 2/4) / 2. At worst C, A, B, D: (1/2 + 2/4) / 2.
void ties_leave_a_range() {
  const Table found({{0, 0, 0, 2, 1}, {0, 0, 0, 2, 1}, {0, 0, 5, 7, 1}, {0, 0, 10, 12, 0}});
  const Table two({{0, 0, 0, 2, 0}, {0, 0, 10, 12, 0}});
  const std::vector<double> half{0.5};
  for (const auto matcher : {lpat::Matcher::best_truth, lpat::Matcher::best_detection}) {
    const auto ranges = lpat::average_precision_ranges(
        {found.events(), found.scores, two.events(), 1, half, {},
         {.matcher = matcher, .interpolated = false}});
    CHECK_NEAR(ranges[0].lowest, 0.5);
    CHECK_NEAR(ranges[0].highest, 0.75);
  }
}

void a_failing_task_is_reported_once_all_are_done() {
  std::vector<int> done(20, 0);
  const auto work = [&](std::size_t i) {
    done[i] = 1;
    if (i == 3 || i == 17) throw std::invalid_argument("task " + std::to_string(i));
  };
  CHECK_REFUSES(lpat::for_each_index(done.size(), 3, work), "task 3");
  CHECK(done == std::vector<int>(20, 1));
  lpat::for_each_index(0, 2, work);
}

void a_long_truth_is_found_beside_short_ones() {
  std::vector<Row> annotated{{0, 0, 0, 1000, 0}};
  for (int i = 0; i < 500; ++i) annotated.push_back({0, 0, 2.0 * i, 2.0 * i + 1, 0});
  const Table many(annotated);
  const Table detections({{0, 0, 998, 999, 0.5}, {0, 0, 1, 999, 0.4}, {0, 0, 998, 999, 0.3}});
  const std::vector<double> half{0.5};
  const auto matches =
      lpat::match_detections({detections.events(), detections.scores, many.events(), 1, half});
  CHECK(matches == (std::vector<std::int64_t>{500, 0, -1}));
}

void duplicates_and_empty_segments_are_false() {
  const Table detections({{0, 1, 25, 25, 0.9}, {0, 1, 20, 30, 0.8}, {0, 1, 20, 30, 0.7}});
  CHECK_NEAR(precisions(detections, truths, 2, {0.5})[1], 0.5);
}

void matches_come_in_input_order() {
  const Table detections({{0, 0, 0, 5, 0.1}, {0, 0, 0, 10, 0.9}, {0, 1, 20, 30, 0.5}});
  const std::vector<double> half{0.5};
  const auto matches = lpat::match_detections(
      {detections.events(), detections.scores, truths.events(), 3, half});
  CHECK(matches == (std::vector<std::int64_t>{-1, 0, 2}));
}

using Matches = std::vector<std::int64_t>;

Matches matches_beside(const Table& ambiguous, const lpat::ProtocolOptions& options) {
  // The first is right but doubtful, the second doubtful, the third meets the doubt in a point.
  const Table detections(
      {{0, 0, 0, 10, 0.9}, {0, 0, 12, 15, 0.8}, {0, 0, 16, 20, 0.7}, {1, 0, 12, 15, 0.6}});
  const std::vector<double> half{0.5};
  return lpat::match_detections({detections.events(), detections.scores, truths.events(), 2, half,
                                 ambiguous.events().without_classes(), options});
}

void ambiguous_intervals_drop_what_shares_time_with_them() {
  const Table ambiguous({{0, 0, 9, 16}});
  using enum lpat::AmbiguousRule;
  CHECK(matches_beside(ambiguous, {.ambiguous = none}) == (Matches{0, -1, -1, -1}));
  CHECK(matches_beside(ambiguous, {.ambiguous = drop_unmatched}) == (Matches{0, -2, -1, -1}));
  CHECK(matches_beside(ambiguous, {.ambiguous = drop_all}) == (Matches{-2, -2, -1, -1}));
  for (const auto rule : {none, drop_unmatched, drop_all}) {
    CHECK(matches_beside(Table({}), {.ambiguous = rule}) == (Matches{0, -1, -1, -1}));
  }
}

void overlap_takes_time() {
  // The first and third segments meet others in a point; the second lies in two, but takes no time.
  const Table others({{0, 0, 0, 4}, {0, 0, 1, 2}, {0, 0, 6, 9}, {1, 0, 4, 6}});
  const Table segments({{0, 0, 4, 6}, {0, 0, 1, 1}, {0, 0, 9, 10}, {0, 0, 3, 5}, {0, 0, 0, 10}});
  CHECK(lpat::overlaps_any(segments.events().without_classes(),
                           others.events().without_classes()) ==
        (std::vector<char>{0, 0, 0, 1, 1}));
}

void the_threshold_decides_what_is_unmatched_and_so_dropped() {
  const Table detections({{0, 1, 20, 26, 0.9}, {0, 1, 20, 30, 0.5}});
  const Table ambiguous({{0, 0, 20, 21}});
  const lpat::ProtocolOptions options{.ambiguous = lpat::AmbiguousRule::drop_unmatched};
  const std::vector<double> tious{0.5, 0.7};
  const auto result =
      lpat::match_detections({detections.events(), detections.scores, truths.events(), 2, tious,
                              ambiguous.events().without_classes(), options});
  CHECK(result == (Matches{2, -2, -2, 2}));
}

void truths_are_rounded_to_the_grid_and_detections_are_not() {
  // In snippets of a second: [0.5, 2.5) becomes [0, 2), of which the detection covers 0.6 / 2.
  const Table rounded({{0, 0, 0.5, 2.5}});
  const Table detections({{0, 0, 1.4, 3, 0.5}});
  const auto take = [&](double rate, double tiou) {
    const std::vector<double> tious{tiou};
    return lpat::match_detections({detections.events(), detections.scores, rounded.events(), 1,
                                   tious, {}, {.snippets_per_second = rate}})[0];
  };
  CHECK(take(0, 0.44) == 0);
  CHECK(take(1, 0.44) == -1);
  CHECK(take(1, 0.2) == 0);
  CHECK(take(1, 0.2001) == -1);
}

void the_grid_knows_its_own_edges() {
  // Snippet edges in seconds, which come back with an error in the last place for some of them.
  std::vector<double> seconds;
  for (int snippet = 0; snippet < 3000; ++snippet) seconds.push_back(snippet * 0.64);
  const auto snippets = lpat::in_snippets(seconds, 25.0 / 16);
  for (std::size_t i = 0; i < snippets.size(); ++i) CHECK(snippets[i] == static_cast<double>(i));
  CHECK(lpat::in_snippets(std::vector<double>{0.25}, 2)[0] == 0.5);
  CHECK(lpat::rounded_to_grid(std::vector<double>{0.5, 1.5, 2.5, 1.4}, 1) ==
        (std::vector<double>{0, 2, 2, 1}));
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
  CHECK_REFUSES(lpat::match_detections({.class_count = SIZE_MAX}), "class_count must be less");
  const std::vector<std::int64_t> one{0};
  const std::vector<double> odd{0, 1, 2};
  CHECK_REFUSES(lpat::match_detections({.detections = {one, one, {odd}}, .class_count = 1}),
                "detection segment times must be starts and ends, not 3");
  CHECK_REFUSES(matches_beside(Table({{0, 0, 2, 1}}), {}), "ambiguous segment 0 must not end");
  CHECK_REFUSES(matches_beside(Table({}), {.snippets_per_second = -1}), "snippets_per_second");
  CHECK_REFUSES(matches_beside(Table({}), {.snippets_per_second = NAN}), "snippets_per_second");
}

}  // namespace

int main() {
  classes_are_judged_apart();
  equal_scores_rank_in_input_order();
  a_class_without_detections_has_none();
  an_empty_class_can_be_left_out();
  threads_change_nothing();
  ties_leave_a_range();
  a_failing_task_is_reported_once_all_are_done();
  a_long_truth_is_found_beside_short_ones();
  duplicates_and_empty_segments_are_false();
  matches_come_in_input_order();
  ambiguous_intervals_drop_what_shares_time_with_them();
  overlap_takes_time();
  the_threshold_decides_what_is_unmatched_and_so_dropped();
  truths_are_rounded_to_the_grid_and_detections_are_not();
  the_grid_knows_its_own_edges();
  broken_input_is_refused();
  return failures;
}
