// extract_level_sets against its naive twin.
#include <array>

#include "bytes.hpp"
#include "expect.hpp"
#include "naive_level_sets.hpp"
#include "naive_segments.hpp"
#include "score_input.hpp"

namespace {

lpat::LevelOptions level_options(Bytes& bytes, const ScoreInput& input) {
  lpat::LevelOptions options;
  options.boundary = input.boundary;
  options.minimum_snippets = input.minimum_snippets;
  options.lowest = bytes.number<double>(-2, bytes.breaks() ? 1 : 0);
  options.highest_share =
      bytes.breaks() ? bytes.number<double>(-1, 2) : std::array{0.8, 1.0, 0.5, 0.0}[bytes.below(4)];
  options.count = bytes.breaks() ? 65 * bytes.below(2)
                                 : std::array{7, 1, 2, 3, 4, 12, 64}[bytes.below(7)];
  options.sharpness =
      bytes.breaks() ? bytes.number<double>(-1, 9) : std::array{1.0, 0.5, 3.0}[bytes.below(3)];
  return options;
}

void expect_equal(const std::vector<lpat::LevelSet>& sets,
                  const std::vector<lpat::LevelSet>& expected, double score_scale,
                  double time_scale) {
  expect(sets.size() == expected.size(), std::to_string(expected.size()) + " sets, not " +
                                             std::to_string(sets.size()));
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const lpat::LevelSet& set = sets[i];
    const lpat::LevelSet& twin = expected[i];
    const std::string place = "set " + std::to_string(i);
    expect(set.class_index == twin.class_index && set.first == twin.first && set.stop == twin.stop,
           place + " of the same class and snippets");
    expect(set.level == twin.level, place + " of the same level");
    expect(set.peak == twin.peak, place + " of the same peak");
    expect_near(set.start, twin.start, time_scale, place + " to start at");
    expect_near(set.end, twin.end, time_scale, place + " to end at");
    expect_near(set.mean_margin, twin.mean_margin, 2 * score_scale, place + " of mean margin");
    // Known to a millionth, and a contrast is the difference of two.
    expect_near(set.mean_gate, twin.mean_gate, 1100, place + " of mean gate");
    expect_near(set.contrast, twin.contrast, 2200, place + " of contrast");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const ScoreInput input(bytes);
  const auto options = level_options(bytes, input);
  const auto scores = input.scores();
  const auto threshold = input.threshold();
  const auto sets = unless_refused([&] {
    return lpat::extract_level_sets(scores, threshold, input.edges, input.classes, options);
  });
  const bool accepted =
      acceptable(options) &&
      acceptable(scores, threshold, input.edges, input.classes, input.minimum_snippets);
  expect(sets.has_value() == accepted, accepted ? "no refusal" : "a refusal");
  if (!sets) return 0;
  expect_equal(*sets, naive_level_sets(scores, threshold, input.edges, input.classes, options),
               input.score_scale(), input.time_scale());
  return 0;
}
