#include <vector>

#include "check.hpp"
#include "lpat/average_precision.hpp"

namespace {

double precision(const std::vector<std::int64_t>& matches, std::size_t truths) {
  return lpat::interpolated_average_precision(matches, truths);
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

void false_detections_below_the_last_true_one_cost_nothing() {
  CHECK(precision({0, 1}, 2) == precision({0, 1, -1, -1, -1}, 2));
}

}  // namespace

int main() {
  hand_worked_lists();
  false_detections_below_the_last_true_one_cost_nothing();
  return failures;
}
