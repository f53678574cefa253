#include "lpat/suppression.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "base/stable_sort.hpp"
#include "check.hpp"
#include "table.hpp"

namespace {

using lpat::Decay;
using Indices = std::vector<std::int64_t>;

constexpr double infinity = std::numeric_limits<double>::infinity();

lpat::ScoredSegments view(const Table& table) {
  return {{table.times}, table.classes, table.scores};
}

Indices suppress(const std::vector<Row>& rows, double tiou) {
  return lpat::suppress(view(Table(rows)), tiou);
}

lpat::Softened soften(const std::vector<Row>& rows, const lpat::SofteningOptions& options) {
  return lpat::soften(view(Table(rows)), options);
}

// The definition, step by step.
Indices suppressed_naively(const Table& table, double tiou) {
  const auto detections = view(table);
  std::vector<std::size_t> order(detections.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return detections.scores[a] > detections.scores[b];
  });
  Indices kept;
  for (const std::size_t i : order) {
    const bool stays = std::ranges::none_of(kept, [&](std::int64_t k) {
      const auto other = static_cast<std::size_t>(k);
      return detections.classes[i] == detections.classes[other] &&
             lpat::temporal_iou(detections.segments[i], detections.segments[other]) > tiou;
    });
    if (stays) kept.push_back(static_cast<std::int64_t>(i));
  }
  return kept;
}

void the_better_of_two_that_overlap_stays() {
  // tIoU with the best, [0, 10]: 0.8, 0.5, 0.25, 0.
  const std::vector<Row> rows{{0, 0, 0, 5, 0.7},
                              {0, 0, 0, 10, 0.9},
                              {0, 0, 0, 8, 0.8},
                              {0, 0, 6, 16, 0.6},
                              {0, 0, 20, 30, 0.5}};
  CHECK(suppress(rows, 0.2) == (Indices{1, 4}));
  CHECK(suppress(rows, 0.3) == (Indices{1, 3, 4}));
  CHECK(suppress(rows, 0.6) == (Indices{1, 0, 3, 4}));
  CHECK(suppress(rows, 0.8) == (Indices{1, 2, 0, 3, 4}));
}

void the_threshold_itself_does_not_suppress() {
  const std::vector<Row> rows{{0, 0, 0, 10, 1}, {0, 0, 0, 5, 0.5}};
  CHECK(suppress(rows, 0.5) == (Indices{0, 1}));
  CHECK(suppress(rows, std::nextafter(0.5, 0)) == (Indices{0}));
}

void what_is_suppressed_suppresses_nothing() {
  // A chain, neighbours of tIoU 1/3: the second goes, so the third stays.
  const std::vector<Row> rows{{0, 0, 0, 2, 3}, {0, 0, 1, 3, 2}, {0, 0, 2, 4, 1}};
  CHECK(suppress(rows, 0.3) == (Indices{0, 2}));
}

void of_equal_scores_the_earlier_in_the_input_stays() {
  CHECK(suppress({{0, 0, 1, 5, 0.5}, {0, 0, 0, 4, 0.5}}, 0.5) == (Indices{0}));
  CHECK(suppress({{0, 0, 0, 4, 0.5}, {0, 0, 1, 5, 0.5}}, 0.5) == (Indices{0}));
  CHECK(suppress({{0, 0, 0, 1, -0.0}, {0, 0, 5, 6, 0.0}, {0, 0, 7, 8, -0.0}}, 0.5) ==
        (Indices{0, 1, 2}));
}

void of_duplicates_one_stays_but_at_threshold_1_all() {
  const std::vector<Row> rows{{0, 0, 1, 2, 1}, {0, 0, 1, 2, 2}, {0, 0, 1, 2, 2}};
  CHECK(suppress(rows, 0) == (Indices{1}));
  CHECK(suppress(rows, 0.999999) == (Indices{1}));
  CHECK(suppress(rows, 1) == (Indices{1, 2, 0}));
}

void at_threshold_0_those_that_stay_are_disjoint_and_may_touch() {
  const std::vector<Row> rows{{0, 0, 2, 4, 5}, {0, 0, 4, 6, 4}, {0, 0, 0, 2.001, 3},
                              {0, 0, 0, 9, 2}, {0, 0, 0, 2, 1}, {0, 1, 3, 5, 0}};
  CHECK(suppress(rows, 0) == (Indices{0, 1, 4, 5}));
}

void a_segment_that_takes_no_time_neither_suppresses_nor_goes() {
  const std::vector<Row> rows{{0, 0, 1, 1, 4}, {0, 0, 0, 2, 3}, {0, 0, 1, 1, 2}, {0, 0, 0, 2, 1}};
  for (const double tiou : {0.0, 0.5}) CHECK(suppress(rows, tiou) == (Indices{0, 1, 2}));
}

void one_that_holds_another_suppresses_it_by_the_share_that_it_fills() {
  const std::vector<Row> rows{{0, 0, 0, 100, 3}, {0, 0, 40, 60, 2}, {0, 0, 5, 96, 1}};
  CHECK(suppress(rows, 0.1) == (Indices{0}));
  CHECK(suppress(rows, 0.2) == (Indices{0, 1}));
  CHECK(suppress(rows, 0.95) == (Indices{0, 1, 2}));
}

void classes_are_apart_and_any_number() {
  const std::vector<Row> rows{{0, 7, 0, 1, 1}, {0, -3, 0, 1, 3}, {0, 7, 0, 1, 2}, {0, 8, 0, 1, 0}};
  for (const double tiou : {0.0, 0.5}) CHECK(suppress(rows, tiou) == (Indices{1, 2, 3}));
}

void nothing_gives_nothing() {
  CHECK(suppress({}, 0.5).empty());
  CHECK(suppress({}, 0).empty());
  CHECK(soften({}, {}).indices.empty());
  CHECK(soften({}, {}).scores.empty());
}

void lengths_beyond_any_number_are_compared_like_others() {
  const std::vector<Row> rows{{0, 0, -1e308, 1e308, 3},
                              {0, 0, -1e308, 1e308, 2},
                              {0, 0, 0, 1e308, 1},
                              {0, 0, 0, 5e-324, 0}};
  const Table table(rows);
  for (const double tiou : {1e-300, 0.5, 0.9}) {
    CHECK(lpat::suppress(view(table), tiou) == suppressed_naively(table, tiou));
  }
}

void thousands_are_suppressed_as_the_definition_says() {
  std::mt19937_64 random(1);
  const auto uniform = [&] { return std::generate_canonical<double, 53>(random); };
  for (const double offset : {0.0, 1e9, -1e9}) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < 3000; ++i) {
      const double start = offset + (i % 2 ? 1e3 * uniform() : std::floor(1e3 * uniform()));
      const double length = i % 2 ? std::pow(10, 6 * uniform() - 3) : std::floor(30 * uniform());
      const auto label = static_cast<std::int64_t>(3 * uniform());
      rows.push_back({0, label, start, start + length, std::floor(500 * uniform())});
    }
    const Table table(rows);
    for (const double tiou : {0.0, 1e-7, 0.01, 0.3, 0.5, 0.75, 0.95, 0.99999, 1.0}) {
      CHECK(lpat::suppress(view(table), tiou) == suppressed_naively(table, tiou));
    }
  }
}

void scores_decay_by_the_square_of_the_overlap() {
  // tIoU with the best: 0.5 and 0.25; of the other two, 0.
  const std::vector<Row> rows{{0, 0, 0, 10, 1}, {0, 0, 0, 5, 0.9}, {0, 0, 7.5, 10, 0.8}};
  const auto softened = soften(rows, {Decay::gaussian, 0.5, 0, 0});
  CHECK(softened.indices == (Indices{0, 2, 1}));
  CHECK_NEAR(softened.scores[1], 0.8 * std::exp(-0.125));
  CHECK_NEAR(softened.scores[2], 0.9 * std::exp(-0.5));
}

void scores_decay_by_the_overlap_above_the_threshold() {
  const std::vector<Row> rows{{0, 0, 0, 10, 1}, {0, 0, 0, 5, 0.75}, {0, 0, 7.5, 10, 0.5}};
  const auto softened = soften(rows, {Decay::linear, 0.5, 0.25, 0});
  CHECK(softened.indices == (Indices{0, 2, 1}));
  CHECK(softened.scores == (std::vector<double>{1, 0.5, 0.375}));
}

void decays_multiply_in_the_order_in_which_segments_are_taken() {
  // tIoU of the last with the others: 0.5, 0.5.
  const std::vector<Row> rows{{0, 0, 0, 5, 1}, {0, 0, 5, 10, 0.9}, {0, 0, 0, 10, 0.8}};
  const auto softened = soften(rows, {Decay::linear, 0.5, 0.3, 0.001});
  CHECK(softened.indices == (Indices{0, 1, 2}));
  CHECK(softened.scores == (std::vector<double>{1, 0.9, 0.8 * 0.5 * 0.5}));
}

void a_duplicate_decays_to_0_by_the_linear_rule() {
  const std::vector<Row> rows{{0, 0, 0, 1, 1}, {0, 0, 0, 1, 1}};
  CHECK(soften(rows, {Decay::linear, 0.5, 0.3, 0}).scores == (std::vector<double>{1, 0}));
  CHECK(soften(rows, {Decay::linear, 0.5, 0.3, 1e-9}).indices == (Indices{0}));
  CHECK(soften(rows, {Decay::linear, 0.5, 1, 0}).scores == (std::vector<double>{1, 1}));
}

void what_falls_below_the_minimum_is_left_out_and_the_minimum_is_not() {
  const std::vector<Row> rows{{0, 0, 0, 10, 1}, {0, 0, 0, 5, 0.5}, {0, 0, 50, 51, 0.25}};
  CHECK(soften(rows, {Decay::linear, 0.5, 0.3, 0.25}).indices == (Indices{0, 1, 2}));
  CHECK(soften(rows, {Decay::linear, 0.5, 0.3, 0.26}).indices == (Indices{0}));
  CHECK(soften(rows, {Decay::linear, 0.5, 0.3, 2}).indices.empty());
}

void equal_scores_are_taken_in_input_order_and_classes_are_apart() {
  // After the first, the third falls to the second's score.
  const std::vector<Row> rows{
      {0, 0, 0, 1, 1}, {0, 1, 0, 2, 0.4}, {0, 0, 0, 2, 0.8}, {0, 0, 3, 3, 0.4}};
  const auto softened = soften(rows, {Decay::linear, 0.5, 0.3, 0});
  CHECK(softened.indices == (Indices{0, 1, 2, 3}));
  CHECK(softened.scores == (std::vector<double>{1, 0.4, 0.4, 0.4}));
}

void bad_input_is_refused() {
  const double nan = std::nan("");
  CHECK_REFUSES(suppress({{0, 0, 0, 1}, {0, 0, 0, nan}}, 0.5), "segment 1 must be finite");
  CHECK_REFUSES(suppress({{0, 0, -infinity, 1}}, 0.5), "segment 0 must be finite");
  CHECK_REFUSES(suppress({{0, 0, 2, 1}}, 0.5), "segment 0 must not end before it starts");
  CHECK_REFUSES(suppress({{0, 0, 0, 1}, {0, 0, 0, 1, infinity}}, 0.5), "score 1 must be finite");
  for (const double tiou : {-0.1, 1.1, nan}) {
    CHECK_REFUSES(suppress({}, tiou), "tiou must be in [0, 1], not ");
    CHECK_REFUSES(soften({}, {Decay::linear, 1, tiou, 0}), "tiou must be in [0, 1], not ");
  }
  for (const double sigma : {0.0, -1.0, infinity, nan}) {
    CHECK_REFUSES(soften({}, {Decay::linear, sigma, 0, 0}), "sigma must be positive and finite");
  }
  for (const double minimum : {-0.5, infinity, nan}) {
    CHECK_REFUSES(soften({}, {Decay::linear, 1, 0, minimum}), "minimum_score must be finite");
  }
  CHECK_REFUSES(soften({{0, 0, 0, 1, -0.5}}, {}), "score 0 must be at least 0, not -0.5");
  CHECK_REFUSES(soften({{0, 0, 0, 1, nan}}, {}), "score 0 must be finite");
  CHECK_REFUSES(lpat::suppress({{std::vector<double>{0, 1}}, {}, {}}, 0.5), "as many as segments");
  const std::vector<std::int64_t> classes{0};
  const std::vector<double> times{0, 1};
  CHECK_REFUSES(lpat::suppress({{times}, classes, {}}, 0.5), "scores must be as many as segments");
}

void sorting_is_stable_whatever_the_count() {
  std::mt19937_64 random(2);
  for (const std::size_t count : {0, 1, 2, 999, 1000, 5000}) {
    std::vector<double> values(count);
    for (auto& value : values) {
      const double level = std::floor(16 * std::generate_canonical<double, 53>(random)) - 8;
      value = level * std::pow(10, 40 * level);
    }
    auto items = lpat::keyed(count, [&](std::size_t i) { return lpat::ascending_key(values[i]); });
    lpat::sort_stably(items);
    for (std::size_t i = 1; i < count; ++i) {
      const auto [before, after] = std::pair(items[i - 1].index, items[i].index);
      CHECK(values[before] < values[after] || (values[before] == values[after] && before < after));
    }
  }
}

}  // namespace

int main() {
  the_better_of_two_that_overlap_stays();
  the_threshold_itself_does_not_suppress();
  what_is_suppressed_suppresses_nothing();
  of_equal_scores_the_earlier_in_the_input_stays();
  of_duplicates_one_stays_but_at_threshold_1_all();
  at_threshold_0_those_that_stay_are_disjoint_and_may_touch();
  a_segment_that_takes_no_time_neither_suppresses_nor_goes();
  one_that_holds_another_suppresses_it_by_the_share_that_it_fills();
  classes_are_apart_and_any_number();
  nothing_gives_nothing();
  lengths_beyond_any_number_are_compared_like_others();
  thousands_are_suppressed_as_the_definition_says();
  scores_decay_by_the_square_of_the_overlap();
  scores_decay_by_the_overlap_above_the_threshold();
  decays_multiply_in_the_order_in_which_segments_are_taken();
  a_duplicate_decays_to_0_by_the_linear_rule();
  what_falls_below_the_minimum_is_left_out_and_the_minimum_is_not();
  equal_scores_are_taken_in_input_order_and_classes_are_apart();
  bad_input_is_refused();
  sorting_is_stable_whatever_the_count();
  return failures;
}
