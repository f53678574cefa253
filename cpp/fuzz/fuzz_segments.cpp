// extract_segments against its naive twin.
#include "bytes.hpp"
#include "expect.hpp"
#include "naive_segments.hpp"
#include "score_input.hpp"

namespace {

void expect_equal(const std::vector<lpat::Run>& runs, const std::vector<lpat::Run>& expected,
                  double score_scale, double time_scale) {
  expect(runs.size() == expected.size(), std::to_string(expected.size()) + " runs, not " +
                                             std::to_string(runs.size()));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const lpat::Run& run = runs[i];
    const lpat::Run& twin = expected[i];
    const std::string place = "run " + std::to_string(i);
    expect(run.class_index == twin.class_index && run.first == twin.first && run.stop == twin.stop,
           place + " of the same class and snippets");
    expect_near(run.start, twin.start, time_scale, place + " to start at");
    expect_near(run.end, twin.end, time_scale, place + " to end at");
    // Known to a millionth of it.
    expect_near(run.mean_probability, twin.mean_probability, 1000 * twin.mean_probability,
                place + " of mean probability");
    expect_near(run.mean_margin, twin.mean_margin, score_scale, place + " of mean margin");
    expect(run.maximum_score == twin.maximum_score, place + " of the same maximum");
    expect_near(run.contrast, twin.contrast, score_scale, place + " of contrast");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const ScoreInput input(bytes);
  const auto scores = input.scores();
  const auto threshold = input.threshold();
  const auto runs = unless_refused([&] {
    return lpat::extract_segments(scores, threshold, input.edges, input.classes, input.boundary,
                                  input.minimum_snippets);
  });
  const bool accepted =
      acceptable(scores, threshold, input.edges, input.classes, input.minimum_snippets);
  expect(runs.has_value() == accepted, accepted ? "no refusal" : "a refusal");
  if (!runs) return 0;
  expect_equal(*runs,
               naive_segments(scores, threshold, input.edges, input.classes, input.boundary,
                              input.minimum_snippets),
               input.score_scale(), input.time_scale());
  return 0;
}
