#include "check.hpp"
#include "lpat/segments.hpp"
#include "segments/simd_loops.hpp"

namespace {

using lpat::Boundary;

const std::vector<std::int64_t> first_class{0};

std::vector<lpat::Run> runs_of(const std::vector<float>& scores,
                               const std::vector<float>& threshold,
                               const std::vector<double>& edges,
                               Boundary boundary = Boundary::snippet,
                               std::size_t minimum_snippets = 1) {
  return lpat::extract_segments({scores, scores.size(), 1}, {threshold, threshold.size(), 1}, edges,
                                first_class, boundary, minimum_snippets);
}

void runs_are_maximal_and_strictly_above() {
  const auto runs = runs_of({1, 0, 2, 2, 0, 0, 3}, {0, 0, 0, 0, 0, 1, 0}, {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(runs.size() == 3);
  CHECK(runs[0].first == 0 && runs[0].stop == 1);
  CHECK(runs[1].first == 2 && runs[1].stop == 4);
  CHECK(runs[2].start == 6 && runs[2].end == 7);
}

void crossings_lie_between_centres() {
  // Margins -1, 3, -3: zero at a quarter and at half of the way between centres.
  const auto runs = runs_of({-1, 3, -3}, {0, 0, 0}, {0, 2, 4, 6}, Boundary::crossing);
  CHECK(runs.size() == 1);
  CHECK_NEAR(runs[0].start, 1.5);
  CHECK_NEAR(runs[0].end, 4.0);
}

void crossings_end_at_the_video() {
  const auto runs = runs_of({1, 1}, {0, 0}, {0, 1, 1.5}, Boundary::crossing);
  CHECK(runs.size() == 1);
  CHECK(runs[0].start == 0 && runs[0].end == 1.5);
}

void statistics_are_of_the_run() {
  const auto runs = runs_of({1, 4, 2, 0}, {1, 1, 1, 1}, {0, 1, 2, 3, 4});
  CHECK(runs.size() == 1);
  const double high = 1 / (1 + std::exp(-3.0));
  const double low = 1 / (1 + std::exp(-1.0));
  CHECK_WITHIN(1e-6, runs[0].mean_probability, (high + low) / 2);
  CHECK_NEAR(runs[0].mean_margin, 2);
  CHECK_NEAR(runs[0].maximum_score, 4);
  CHECK_NEAR(runs[0].contrast, 3 - 0.5);
}

void statistics_of_many_tracks_are_those_of_each() {
  // More classes than are done at once, in an order of their own; runs long enough to be finished late.
  const std::size_t rows = 700;
  const std::size_t columns = 70;
  std::vector<float> scores(rows * columns);
  std::vector<double> edges(rows + 1);
  for (std::size_t t = 0; t <= rows; ++t) edges[t] = static_cast<double>(t);
  for (std::size_t t = 0; t < rows; ++t) {
    for (std::size_t c = 0; c < columns; ++c) {
      const auto phase = static_cast<float>(t) / static_cast<float>(3 + 2 * c);
      scores[t * columns + c] = 3 * std::sin(phase) + static_cast<float>((t * 7 + c) % 5) / 8;
    }
  }
  const std::vector<float> threshold(rows, 0.25F);
  std::vector<std::int64_t> classes;
  for (std::size_t c = columns; c-- > 0;) classes.push_back(static_cast<std::int64_t>(c));
  const auto together = lpat::extract_segments({scores, rows, columns}, {threshold, rows, 1}, edges,
                                               classes, Boundary::crossing, 2);
  std::vector<lpat::Run> apart;
  for (const auto label : classes) {
    std::vector<float> column;
    for (std::size_t t = 0; t < rows; ++t) {
      column.push_back(scores[t * columns + static_cast<std::size_t>(label)]);
    }
    for (auto run : runs_of(column, threshold, edges, Boundary::crossing, 2)) {
      run.class_index = label;
      apart.push_back(run);
    }
  }
  CHECK(together.size() > columns);
  CHECK(together == apart);
}

void sigmoid_is_within_a_millionth() {
  for (int i = -87 * 64; i <= 100 * 64; ++i) {
    const float x = static_cast<float>(i) / 64 + 0.001F;
    const double exact = 1 / (1 + std::exp(-static_cast<double>(x)));
    CHECK_WITHIN(1e-6 * exact, lpat::sigmoid(x), exact);
  }
  CHECK(lpat::sigmoid(0) == 0.5F);
  CHECK(lpat::sigmoid(INFINITY) == 1);
  CHECK(lpat::sigmoid(-INFINITY) < 1e-37F);
}

void without_outside_the_threshold_stands_in() {
  const auto runs = runs_of({3, 5}, {1, 2}, {0, 1, 2});
  CHECK_NEAR(runs[0].contrast, 4 - 1.5);
}

void classes_come_in_the_order_asked() {
  const std::vector<float> scores{1, 1, 0, 1};
  const std::vector<float> threshold{0, 0, 0, 2};
  const std::vector<double> edges{0, 1, 2};
  const std::vector<std::int64_t> classes{1, 0};
  const auto runs = lpat::extract_segments({scores, 2, 2}, {threshold, 2, 2}, edges, classes,
                                           Boundary::snippet, 1);
  CHECK(runs.size() == 2);
  CHECK(runs[0].class_index == 1 && runs[0].end == 1);
  CHECK(runs[1].class_index == 0 && runs[1].end == 1);
}

void empty_and_short_runs_are_left_out() {
  CHECK(runs_of({}, {}, {0}).empty());
  CHECK(runs_of({0, 1}, {0, 0}, {0, 2, 2}).empty());
  CHECK(runs_of({1, 0, 1, 1}, {0, 0, 0, 0}, {0, 1, 2, 3, 4}, Boundary::snippet, 2).size() == 1);
}

void broken_input_is_refused() {
  CHECK_REFUSES(runs_of({0, NAN}, {0, 0}, {0, 1, 2}), "scores[1, 0]");
  CHECK_REFUSES(runs_of({0, 0}, {INFINITY, 0}, {0, 1, 2}), "threshold[0, 0]");
  CHECK_REFUSES(runs_of({0, 0}, {0, 0}, {0, NAN, 2}), "edges[1]");
  CHECK_REFUSES(runs_of({0, 0}, {0, 0}, {0, 2, 1}), "edges[2]");
  CHECK_REFUSES(runs_of({0, 0}, {0, 0}, {0, 2}), "must have 3");
  CHECK_REFUSES(runs_of({0, 0}, {0}, {0, 1, 2}), "one value per snippet");
  CHECK_REFUSES(runs_of({0}, {0}, {0, 1}, Boundary::snippet, 0), "minimum_snippets");
  const std::vector<float> three{0, 1, 2};
  const std::vector<double> edges{0, 1, 2};
  CHECK_REFUSES(lpat::extract_segments({three, 2, 2}, {three, 2, 1}, edges, first_class,
                                       Boundary::snippet, 1),
                "scores must have 2 x 2 values, not 3");
  CHECK_REFUSES(lpat::extract_segments({three, 2, 0}, {three, 2, 1}, edges, {}, Boundary::snippet,
                                       1),
                "scores must have 2 x 0 values, not 3");
}

}  // namespace

int main() {
  runs_are_maximal_and_strictly_above();
  crossings_lie_between_centres();
  crossings_end_at_the_video();
  statistics_are_of_the_run();
  statistics_of_many_tracks_are_those_of_each();
  sigmoid_is_within_a_millionth();
  without_outside_the_threshold_stands_in();
  classes_come_in_the_order_asked();
  empty_and_short_runs_are_left_out();
  broken_input_is_refused();
  return failures;
}
