#include <vector>

#include "check.hpp"
#include "lpat/average_precision.hpp"

namespace {

double precision(const std::vector<std::int64_t>& matches, std::size_t truths) {
  return lpat::average_precision(matches, truths, true);
}

void hand_worked_lists() {
  CHECK(precision({}, 3) == 0);
  CHECK(precision({-1, -1}, 3) == 0);
  CHECK(precision({0}, 1) == 1);
  CHECK_NEAR(precision({0}, 2), 0.5);
  CHECK_NEAR(precision({-1, 0}, 1), 0.5);
  // Precisions at the true ones are 1/2, 2/3 and 3/6; the first is lifted to 2/3.
  CHECK_NEAR(precision({-1, 0, 1, -1, -1, 2}, 4), (2.0 / 3 + 2.0 / 3 + 0.5) / 4);
}

void without_interpolation_each_truth_counts_with_its_own_precision() {
  CHECK_NEAR(lpat::average_precision(std::vector<std::int64_t>{-1, 0, 1, -1, -1, 2}, 4, false),
             (1.0 / 2 + 2.0 / 3 + 3.0 / 6) / 4);
  CHECK(lpat::average_precision({}, 3, false) == 0);
}

void dropped_detections_take_no_rank() {
  const std::vector<std::int64_t> with{-2, -1, -2, 0, -2, 1, -2};
  const std::vector<std::int64_t> without{-1, 0, 1};
  for (const bool interpolated : {false, true}) {
    CHECK(lpat::average_precision(with, 3, interpolated) ==
          lpat::average_precision(without, 3, interpolated));
  }
  CHECK(precision({-2, -2}, 1) == 0);
}

void false_detections_below_the_last_true_one_cost_nothing() {
  CHECK(precision({0, 1}, 2) == precision({0, 1, -1, -1, -1}, 2));
}

}  // namespace

int main() {
  hand_worked_lists();
  without_interpolation_each_truth_counts_with_its_own_precision();
  dropped_detections_take_no_rank();
  false_detections_below_the_last_true_one_cost_nothing();
  return failures;
}
