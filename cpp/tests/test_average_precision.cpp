#include <vector>

#include "check.hpp"
#include "evaluation/average_precision.hpp"
#include "lpat/evaluation.hpp"

namespace {

using Ranks = std::vector<std::size_t>;

void hand_worked_lists() {
  CHECK(lpat::average_precision({}, 3, true) == 0);
  CHECK(lpat::average_precision(Ranks{0}, 1, true) == 1);
  CHECK_NEAR(lpat::average_precision(Ranks{0}, 2, true), 0.5);
  CHECK_NEAR(lpat::average_precision(Ranks{1}, 1, true), 0.5);
  // Precisions at the true ones are 1/2, 2/3 and 3/6; the first is lifted to 2/3.
  CHECK_NEAR(lpat::average_precision(Ranks{1, 2, 5}, 4, true), (2.0 / 3 + 2.0 / 3 + 0.5) / 4);
}

void without_interpolation_each_truth_counts_with_its_own_precision() {
  CHECK_NEAR(lpat::average_precision(Ranks{1, 2, 5}, 4, false),
             (1.0 / 2 + 2.0 / 3 + 3.0 / 6) / 4);
  CHECK(lpat::average_precision({}, 3, false) == 0);
}

void the_mean_is_over_classes_that_count() {
  CHECK(lpat::mean_over_classes(std::vector<double>{0.5, 1, 0, 0.5}, 2) ==
        (std::vector<double>{0.25, 0.75}));
  CHECK(lpat::mean_over_classes(std::vector<double>{0.5, NAN, 1}, 1) == (std::vector<double>{0.75}));
  CHECK(lpat::mean_over_classes(std::vector<double>{NAN}, 1) == (std::vector<double>{0}));
  CHECK(lpat::mean_over_classes({}, 2) == (std::vector<double>{0, 0}));
}

}  // namespace

int main() {
  hand_worked_lists();
  without_interpolation_each_truth_counts_with_its_own_precision();
  the_mean_is_over_classes_that_count();
  return failures;
}
