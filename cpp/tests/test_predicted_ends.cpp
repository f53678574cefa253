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
  // Two snippets take no time and have one middle, at 2: the first of them counts.
  CHECK_NEAR(fits({0, 0.25F, 1, 0, 0, 0}, std::vector<float>(12, 1), {2.2, 2.4}, {0},
                  {0, 2, 2, 2, 4, 6, 8})[0],
             0.2 / 4 * 0.5);
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

std::vector<lpat::Proposal> proposals(const std::vector<float>& chances,
                                      const std::vector<float>& distances,
                                      const std::vector<float>& scores,
                                      const std::vector<std::int64_t>& classes = {0},
                                      const lpat::ProposalOptions& options = {}) {
  const std::vector<float> threshold(distances.size() / 2, 0);
  const std::size_t snippets = threshold.size();
  const std::size_t columns = chances.size() / snippets;
  return lpat::propose_segments({{chances, snippets, columns}, {distances, snippets, 2}, edges},
                                {scores, snippets, columns}, {threshold, snippets, 1}, classes,
                                options);
}

void peaks_of_the_chances_propose() {
  // The second snippet predicts [2, 6), the last one what would end after the video.
  const std::vector<float> distances{0, 0, 0.5F, 1.5F, 0, 0, 1, 9};
  const auto found = proposals({0.2F, 0.9F, 0.5F, 0.6F}, distances, {-50, 50, 30, -50});
  CHECK(found.size() == 2);
  CHECK(found[0].snippet == 1 && found[1].snippet == 3);
  CHECK(found[0].start == 2 && found[0].end == 6 && found[0].peak == 50);
  CHECK_NEAR(found[0].contrast, 1);
  CHECK(found[1].start == 5 && found[1].end == 8 && found[1].peak == 30);
  CHECK_NEAR(found[1].contrast, 0.5 - 1);  // the third and fourth snippet, beside the second
}

void low_chances_and_segments_of_no_time_propose_nothing() {
  CHECK(proposals({0.05F, 0, 0, 0.05F}, still, {0, 0, 0, 0}).empty());
  CHECK(proposals({1, 0, 0, 0.29F}, still, {0, 0, 0, 0}).size() == 1);  // a share of the highest
  CHECK(proposals({1, 0, 0, 0}, std::vector<float>(8, 0), {0, 0, 0, 0}).empty());
  CHECK(proposals({1, 1, 1, 1}, still, {0, 0, 0, 0}).size() == 4);  // ties
}

void bad_proposals_are_refused() {
  const std::vector<float> ones(4, 1);
  CHECK_REFUSES(proposals(ones, still, ones, {0}, {.lowest_chance = 2}), "lowest_chance must be");
  CHECK_REFUSES(proposals(ones, still, ones, {0}, {.highest_share = -1}), "highest_share must be");
  CHECK_REFUSES(proposals(ones, still, ones, {0}, {.sharpness = 0}), "sharpness must be");
  CHECK_REFUSES(proposals(ones, still, {1, 1, std::nanf(""), 1}), "scores[2, 0] isn't");
  CHECK_REFUSES(proposals(ones, still, ones, {1}), "classes[0] must be a column");
}

}  // namespace

int main() {
  hand_worked();
  each_class_has_its_chances();
  without_a_middle_the_nearest_counts();
  nothing_gives_nothing();
  bad_input_is_refused();
  peaks_of_the_chances_propose();
  low_chances_and_segments_of_no_time_propose_nothing();
  bad_proposals_are_refused();
  return failures;
}
