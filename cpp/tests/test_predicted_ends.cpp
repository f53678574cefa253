#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "lpat/predicted_ends.hpp"

namespace {

using Values = std::vector<double>;

// Four snippets of two seconds: middles at 1, 3, 5 and 7.
const Values edges{0, 2, 4, 6, 8};

Values fits(const std::vector<float>& chances, const std::vector<float>& distances,
            const Values& segments, const std::vector<std::int64_t>& classes,
            const Values& borders = edges) {
  const std::size_t snippets = distances.size() / 2;
  const std::size_t columns = snippets == 0 ? 1 : chances.size() / snippets;
  return lpat::fit_segments({{chances, snippets, columns}, {distances, snippets, 2}, borders},
                            segments, classes);
}

const std::vector<float> still(8, 0.5F);  // each predicts itself alone

void hand_worked() {
  // The second snippet predicts [2, 8), the third [3, 6).
  const std::vector<float> distances{0, 0, 0.5F, 2.5F, 1, 0.5F, 0, 0};
  const std::vector<float> chances{1, 0.25F, 0.64F, 1};
  const auto found = fits(chances, distances, {2, 6, 2, 4}, {0, 0});
  CHECK_NEAR(found[0], 0.75 * std::sqrt(static_cast<double>(0.64F)));  // 3 of 4 seconds; the second gives 4 / 6 * 0.5
  CHECK_NEAR(found[1], 2.0 / 6 * 0.5);  // the third's middle isn't in it
}

void each_class_has_its_chances() {
  const std::vector<float> chances{1, 0, 0, 1, 0, 0, 0, 0};
  const auto found = fits(chances, still, {0, 2, 0, 2, 2, 4}, {0, 1, 1});
  CHECK(found == Values({1, 0, 1}));
}

void without_a_middle_the_nearest_counts() {
  const std::vector<float> chances{1, 0, 0, 0.25F};
  CHECK_NEAR(fits(chances, still, {0, 0.5}, {0})[0], 0.25);
  CHECK_NEAR(fits(chances, still, {7.5, 8}, {0})[0], 0.25 * 0.5);
  CHECK_NEAR(fits(chances, still, {1.5, 2.5}, {0})[0], 0.5 / 2.5);  // of two the first
  CHECK(fits(chances, still, {1, 1}, {0})[0] == 0);
}

void nothing_gives_nothing() {
  CHECK(fits({}, {}, {0, 1}, {0}, {0}) == Values({0}));
  CHECK(fits({1, 1, 1, 1}, still, {}, {}).empty());
}

void bad_input_is_refused() {
  const std::vector<float> ones(4, 1);
  const double nan = std::nan("");
  CHECK_REFUSES(fits({1, 1, 1, 1.5F}, still, {0, 1}, {0}), "chances[3, 0] is out of bounds: 1.5");
  CHECK_REFUSES(fits({1, -1, 1, 1}, still, {0, 1}, {0}), "chances[1, 0] is out of bounds");
  CHECK_REFUSES(fits({1, std::nanf(""), 1, 1}, still, {0, 1}, {0}), "chances[1, 0] isn't");
  CHECK_REFUSES(fits(ones, {0, 0, 0, -1, 0, 0, 0, 0}, {0, 1}, {0}), "distances[1, 1] is out");
  CHECK_REFUSES(fits(ones, {0, 0, 0, std::nanf(""), 0, 0, 0, 0}, {0, 1}, {0}), "distances[1, 1]");
  CHECK_REFUSES(fits(ones, still, {0, nan}, {0}), "segment 0 must be finite");
  CHECK_REFUSES(fits(ones, still, {0, 1, 2, 1}, {0, 0}), "segment 1 must be finite and end");
  CHECK_REFUSES(fits(ones, still, {0, 1}, {0, 0}), "segments must have 4 values");
  CHECK_REFUSES(fits(ones, still, {0, 1}, {1}), "classes[0] must be a column");
  CHECK_REFUSES(fits(ones, still, {0, 1}, {0}, {0, 2, 4, 6}), "edges must have 5 elements");
  CHECK_REFUSES(fits(ones, still, {0, 1}, {0}, {0, 2, 4, 6, 5}), "edges must not decrease");
  CHECK_REFUSES(lpat::fit_segments({{ones, 4, 1}, {still, 4, 1}, edges}, Values{0, 1},
                                   std::vector<std::int64_t>{0}),
                "distances must have two values");
}

}  // namespace

int main() {
  hand_worked();
  each_class_has_its_chances();
  without_a_middle_the_nearest_counts();
  nothing_gives_nothing();
  bad_input_is_refused();
  return failures;
}
