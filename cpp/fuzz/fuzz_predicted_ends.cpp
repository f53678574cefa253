// fit_segments and propose_segments against their naive twins.
#include <array>

#include "bytes.hpp"
#include "expect.hpp"
#include "naive_predicted_ends.hpp"
#include "score_input.hpp"

namespace {

// What snippets predict, beside their scores.
class EndsInput {
 public:
  EndsInput(Bytes& bytes, const ScoreInput& input)
      : rows_(input.scores().rows), columns_(input.scores().columns), edges_(input.edges) {
    chances_.resize(rows_ * columns_);
    for (auto& chance : chances_) {
      chance = bytes.breaks() ? bytes.number<float>(-1, 2)
                              : static_cast<float>(bytes.below(9)) / 8.0F;
    }
    distances_.resize(rows_ * 2);
    for (auto& distance : distances_) {
      distance = bytes.breaks() ? bytes.number<float>(-1, 9)
                                : static_cast<float>(bytes.below(13)) / 4.0F;
    }
    if (rows_ > 0 && bytes.breaks()) chances_.pop_back();
    if (rows_ > 0 && bytes.breaks()) distances_.pop_back();
  }

  lpat::PredictedEnds ends() const {
    return {{chances_, rows_, columns_}, {distances_, rows_, 2}, edges_};
  }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::span<const double> edges_;
  std::vector<float> chances_;
  std::vector<float> distances_;
};

std::vector<double> segments_of(Bytes& bytes, std::size_t count) {
  std::vector<double> segments;
  for (std::size_t i = 0; i < count; ++i) {
    segments.push_back(bytes.number<double>(-3, 20));
    segments.push_back(bytes.breaks() ? bytes.number<double>(-3, 20)
                                      : segments.back() + bytes.number<double>(0, 9));
  }
  if (bytes.breaks()) segments.push_back(0);
  return segments;
}

void expect_fits(Bytes& bytes, const ScoreInput& input, const lpat::PredictedEnds& ends) {
  const auto segments = segments_of(bytes, input.classes.size());
  const auto fits =
      unless_refused([&] { return lpat::fit_segments(ends, segments, input.classes); });
  const bool accepted =
      acceptable(ends, input.classes) && acceptable(segments, input.classes.size());
  expect(fits.has_value() == accepted, accepted ? "no refusal of fits" : "a refusal of fits");
  if (!fits) return;
  const auto expected = naive_fits(ends, segments, input.classes);
  expect(fits->size() == expected.size(), "a fit for each segment");
  for (std::size_t i = 0; i < fits->size(); ++i) {
    expect((*fits)[i] >= 0 && (*fits)[i] <= 1 + 1e-9, "a fit from 0 to 1");
    expect_near((*fits)[i], expected[i], 1, "fit " + std::to_string(i));
  }
}

lpat::ProposalOptions proposal_options(Bytes& bytes) {
  lpat::ProposalOptions options;
  options.lowest_chance =
      bytes.breaks() ? bytes.number<double>(-1, 2) : std::array{0.1, 0.0, 0.5, 1.0}[bytes.below(4)];
  options.highest_share =
      bytes.breaks() ? bytes.number<double>(-1, 2) : std::array{0.3, 0.0, 0.5, 1.0}[bytes.below(4)];
  options.sharpness =
      bytes.breaks() ? bytes.number<double>(-1, 9) : std::array{1.0, 0.5, 3.0}[bytes.below(3)];
  return options;
}

void expect_proposals(Bytes& bytes, const ScoreInput& input, const lpat::PredictedEnds& ends) {
  const auto options = proposal_options(bytes);
  const auto scores = input.scores();
  const auto threshold = input.threshold();
  const auto proposals = unless_refused(
      [&] { return lpat::propose_segments(ends, scores, threshold, input.classes, options); });
  const bool accepted = acceptable(options) && acceptable(ends, input.classes) &&
                        acceptable(scores, threshold, input.edges, input.classes, 1);
  expect(proposals.has_value() == accepted, accepted ? "no refusal" : "a refusal");
  if (!proposals) return;
  const auto expected = naive_proposals(ends, scores, threshold, input.classes, options);
  expect(proposals->size() == expected.size(), std::to_string(expected.size()) +
                                                   " proposals, not " +
                                                   std::to_string(proposals->size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const lpat::Proposal& proposal = (*proposals)[i];
    const lpat::Proposal& twin = expected[i];
    const std::string place = "proposal " + std::to_string(i);
    expect(proposal.class_index == twin.class_index && proposal.snippet == twin.snippet,
           place + " of the same class and snippet");
    expect(proposal.chance == twin.chance, place + " of the same chance");
    expect(proposal.peak == twin.peak, place + " of the same peak");
    expect_near(proposal.start, twin.start, input.time_scale(), place + " to start at");
    expect_near(proposal.end, twin.end, input.time_scale(), place + " to end at");
    expect_near(proposal.contrast, twin.contrast, 2200, place + " of contrast");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const ScoreInput input(bytes);
  const EndsInput predicted(bytes, input);
  expect_fits(bytes, input, predicted.ends());
  expect_proposals(bytes, input, predicted.ends());
  return 0;
}
