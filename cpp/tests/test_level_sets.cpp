#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "check.hpp"
#include "lpat/level_sets.hpp"

namespace {

using lpat::Boundary;
using lpat::LevelOptions;
using lpat::LevelSet;

const std::vector<std::int64_t> first_class{0};

std::vector<double> seconds(std::size_t snippets) {
  std::vector<double> edges(snippets + 1);
  std::iota(edges.begin(), edges.end(), 0.0);
  return edges;
}

std::vector<LevelSet> sets_of(const std::vector<float>& scores, const std::vector<double>& edges,
                              const LevelOptions& options = {}) {
  const std::vector<float> threshold(scores.size(), 0);
  return lpat::extract_level_sets({scores, scores.size(), 1}, {threshold, scores.size(), 1}, edges,
                                  first_class, options);
}

// The most that a float gate and its whole units are off.
constexpr double millionth = 1.1e-6;

double gate(double margin) { return 1 / (1 + std::exp(-margin)); }

void hand_worked() {
  // Levels -0.5, 0, 2 and 4. From the second to the seventh snippet all exceed -0.5, the zero as the
  // second of them too; those above 0 and above 2 differ; 4 and 3 exceed 2, and nothing 4.
  const LevelOptions options{.lowest = -0.5, .highest_share = 1, .count = 4};
  const auto sets = sets_of({-1, 1, 0, 3, 4, 1, -0.25F, -2}, seconds(8), options);
  CHECK(sets.size() == 4);
  CHECK(sets[0].first == 1 && sets[0].stop == 7 && sets[0].level == -0.5);
  CHECK(sets[1].first == 1 && sets[1].stop == 2 && sets[1].level == 0);
  CHECK(sets[2].first == 3 && sets[2].stop == 6 && sets[2].level == 0);
  CHECK(sets[3].first == 3 && sets[3].stop == 5 && sets[3].level == 2);
  CHECK(sets[0].start == 1 && sets[0].end == 7);
  CHECK(sets[0].peak == 4 && sets[1].peak == 1 && sets[2].peak == 4 && sets[3].peak == 4);
  CHECK_NEAR(sets[0].mean_margin, 8.75 / 6);
  CHECK_NEAR(sets[2].mean_margin, 8.0 / 3);
  const double inside = (gate(3) + gate(4) + gate(1)) / 3;
  CHECK_WITHIN(millionth, sets[2].mean_gate, inside);
  CHECK_WITHIN(2 * millionth, sets[2].contrast, inside - (gate(0) + gate(-0.25)) / 2);
}

void levels_lie_evenly_above_zero() {
  CHECK((lpat::margin_levels(4, {}) == std::vector<float>{-0.5F, 0, 0.64F, 1.28F, 1.92F, 2.56F, 3.2F}));
  CHECK((lpat::margin_levels(4, {.count = 1}) == std::vector<float>{0}));
  CHECK((lpat::margin_levels(4, {.lowest = -2, .count = 2}) == std::vector<float>{-2, 0}));
  CHECK((lpat::margin_levels(4, {.highest_share = 0.5, .count = 3}) == std::vector<float>{-0.5F, 0, 2}));
  CHECK((lpat::margin_levels(0, {}) == std::vector<float>{-0.5F, 0}));
  CHECK(lpat::margin_levels(1, {.count = 64}).size() == 64);
}

void equal_runs_come_once_at_the_middle_level() {
  const LevelOptions options{.lowest = -1, .highest_share = 0.9, .count = 5};
  // Levels -1, 0, 0.3 * 4, 0.6 * 4 and 0.9 * 4 have the same run; 1.2 is the middle one.
  const auto sets = sets_of({-2, 4, 4, -2}, seconds(4), options);
  CHECK(sets.size() == 1);
  CHECK_WITHIN(1e-6, sets[0].level, 1.2);
  CHECK(sets_of({4, 4}, seconds(2), {.lowest = 0, .count = 2}).size() == 1);
  // Of two levels the lower.
  CHECK(sets_of({-2, 4, -2}, seconds(3), {.lowest = -1, .count = 2})[0].level == -1);
}

void crossings_are_at_the_height_of_the_level() {
  LevelOptions options{.lowest = -1, .highest_share = 0.5, .count = 3, .boundary = Boundary::crossing};
  // Level -1 alone has [1, 4), 0 has [1, 3), 2 has [2, 3).
  const auto sets = sets_of({-3, 1, 4, -0.5F, -1.5F}, seconds(5), options);
  CHECK(sets.size() == 3);
  CHECK_NEAR(sets[0].start, 1);
  CHECK_NEAR(sets[0].end, 4);
  CHECK_NEAR(sets[1].start, 0.5 + 3.0 / 4);
  CHECK_NEAR(sets[1].end, 2.5 + 4 / 4.5);
  CHECK_NEAR(sets[2].start, 1.5 + 1.0 / 3);
  CHECK_NEAR(sets[2].end, 2.5 + 2 / 4.5);
  // At the video's ends, the edges.
  const auto whole = sets_of({1, 1}, seconds(2), options);
  CHECK(whole[0].start == 0 && whole[0].end == 2);
}

void without_outside_the_gate_at_the_threshold_stands_in() {
  const auto sets = sets_of({2, 2}, seconds(2), {.count = 1, .sharpness = 0.5});
  CHECK(sets.size() == 1);
  CHECK_WITHIN(millionth, sets[0].contrast, gate(1) - 0.5);
}

void nothing_above_the_lowest_level_gives_nothing() {
  CHECK(sets_of({}, {0}).empty());
  CHECK(sets_of({-0.5F, -1, -0.5F}, seconds(3)).empty());
  CHECK(sets_of({0, 0, 0}, seconds(3), {.lowest = 0}).empty());
  CHECK(sets_of({0, 0, 0}, seconds(3)).size() == 1);  // above the lowest
  CHECK(sets_of({0}, seconds(1), {.count = 1}).empty());
  const std::vector<float> none;
  CHECK(lpat::extract_level_sets({none, 2, 0}, {std::vector<float>{0, 0}, 2, 1}, seconds(2), {}, {})
            .empty());
}

void no_class_asked_for_gives_nothing() {
  const std::vector<float> scores{1, 2};
  const std::vector<float> threshold{0, 0};
  CHECK(lpat::extract_level_sets({scores, 2, 1}, {threshold, 2, 1}, seconds(2), {}, {}).empty());
}

void short_sets_and_those_that_take_no_time_are_left_out() {
  CHECK(sets_of({-1, 3}, {0, 2, 2}).empty());
  const LevelOptions options{.highest_share = 0.5, .count = 3, .minimum_snippets = 2};
  const auto sets = sets_of({1, 1, 9, 1, -1, 9, -1}, seconds(7), options);
  CHECK(sets.size() == 1);
  CHECK(sets[0].first == 0 && sets[0].stop == 4);
}

void margins_that_no_float_holds_are_the_largest() {
  constexpr float most = std::numeric_limits<float>::max();
  const std::vector<float> scores{most, -most, 0};
  const std::vector<float> threshold{-most, most, 0};
  const auto sets = lpat::extract_level_sets({scores, 3, 1}, {threshold, 3, 1}, seconds(3),
                                             first_class, {.count = 3});
  CHECK(sets.size() == 2);
  CHECK(sets[0].peak == most && sets[0].mean_margin == most && sets[0].stop == 1);
  CHECK(sets[1].first == 2 && sets[1].peak == 0);
}

void many_classes_equal_each_alone() {
  const std::size_t rows = 300;
  const std::size_t columns = 70;
  std::vector<float> scores(rows * columns);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t c = 0; c < columns; ++c) {
      const auto phase = static_cast<float>(t) / static_cast<float>(3 + 2 * c);
      scores[t * columns + c] = 3 * std::sin(phase) + static_cast<float>((t * 7 + c) % 5) / 8;
    }
  }
  const std::vector<float> shared(rows, 0.25F);
  const std::vector<float> own(rows * columns, 0.25F);
  const LevelOptions options{.boundary = Boundary::crossing, .minimum_snippets = 2};
  for (const bool backwards : {false, true}) {
    std::vector<std::int64_t> classes;
    for (std::size_t c = 0; c < columns; ++c) {
      classes.push_back(static_cast<std::int64_t>(backwards ? columns - 1 - c : c));
    }
    std::vector<LevelSet> apart;
    for (const auto label : classes) {
      std::vector<float> column;
      for (std::size_t t = 0; t < rows; ++t) {
        column.push_back(scores[t * columns + static_cast<std::size_t>(label)]);
      }
      for (auto set : lpat::extract_level_sets({column, rows, 1}, {shared, rows, 1}, seconds(rows),
                                               first_class, options)) {
        set.class_index = label;
        apart.push_back(set);
      }
    }
    CHECK(apart.size() > columns);
    CHECK(apart == lpat::extract_level_sets({scores, rows, columns}, {shared, rows, 1},
                                            seconds(rows), classes, options));
    CHECK(apart == lpat::extract_level_sets({scores, rows, columns}, {own, rows, columns},
                                            seconds(rows), classes, options));
  }
}

void broken_input_is_refused() {
  CHECK_REFUSES(sets_of({0, NAN}, seconds(2)), "scores[1, 0]");
  CHECK_REFUSES(sets_of({INFINITY}, seconds(1)), "scores[0, 0]");
  CHECK_REFUSES(sets_of({0, 0}, seconds(1)), "edges must have 3");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.lowest = 0.1}), "lowest must be a finite margin");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.lowest = -INFINITY}), "lowest must be a finite margin");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.highest_share = NAN}), "highest_share must be from 0");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.highest_share = 1.5}), "highest_share must be from 0");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.count = 0}), "count must be from 1 to 64, not 0");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.count = 65}), "count must be from 1 to 64, not 65");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.sharpness = 0}), "sharpness must be positive");
  CHECK_REFUSES(sets_of({0}, seconds(1), {.minimum_snippets = 0}), "minimum_snippets");
}

}  // namespace

int main() {
  hand_worked();
  levels_lie_evenly_above_zero();
  equal_runs_come_once_at_the_middle_level();
  crossings_are_at_the_height_of_the_level();
  without_outside_the_gate_at_the_threshold_stands_in();
  nothing_above_the_lowest_level_gives_nothing();
  no_class_asked_for_gives_nothing();
  short_sets_and_those_that_take_no_time_are_left_out();
  margins_that_no_float_holds_are_the_largest();
  many_classes_equal_each_alone();
  broken_input_is_refused();
  return failures == 0 ? 0 : 1;
}
