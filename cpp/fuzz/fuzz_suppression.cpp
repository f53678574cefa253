// suppress and soften against their naive twin.
#include <cmath>
#include <vector>

#include "bytes.hpp"
#include "expect.hpp"
#include "naive_suppression.hpp"

namespace {

bool share(double value) { return value >= 0 && value <= 1; }

// A fraction of small numbers, which tIoUs on a grid often equal.
double some_tiou(Bytes& bytes) {
  const auto denominator = 1 + bytes.below(6);
  const double tiou = static_cast<double>(bytes.below(denominator + 1)) /
                      static_cast<double>(denominator);
  return bytes.breaks() ? bytes.number<double>(-1, 2) : tiou;
}

lpat::SofteningOptions some_options(Bytes& bytes) {
  lpat::SofteningOptions options;
  options.decay = bytes.below(2) == 0 ? lpat::Decay::gaussian : lpat::Decay::linear;
  options.sigma = bytes.breaks() ? bytes.number<double>(-1, 2) : bytes.number<double>(1, 2);
  options.tiou = some_tiou(bytes);
  options.minimum_score = bytes.number<double>(bytes.breaks() ? -1 : 0, 2) / 4;
  return options;
}

bool acceptable(const lpat::SofteningOptions& options) {
  return std::isfinite(options.sigma) && options.sigma > 0 && share(options.tiou) &&
         std::isfinite(options.minimum_score) && options.minimum_score >= 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const double tiou = some_tiou(bytes);
  const auto options = some_options(bytes);
  const int lowest_score = bytes.one_in(4) ? -1 : 0;
  std::vector<double> times;
  std::vector<std::int64_t> classes;
  std::vector<double> scores;
  for (std::size_t count = bytes.below(13); count > 0; --count) {
    const double start = bytes.number<double>(0, 5);
    const double length = bytes.number<double>(bytes.breaks() ? -1 : 0, 5);
    times.insert(times.end(), {start, start + length});
    classes.push_back(bytes.one_in(4) ? bytes.index(3) : 0);
    scores.push_back(bytes.number<double>(lowest_score, 3));
  }
  if (bytes.breaks()) classes.resize(bytes.below(13));
  if (bytes.breaks()) scores.resize(bytes.below(13));
  const lpat::ScoredSegments detections{{times}, classes, scores};

  const auto kept = unless_refused([&] { return lpat::suppress(detections, tiou); });
  const auto softened = unless_refused([&] { return lpat::soften(detections, options); });
  const NaiveSuppressor twin(detections);
  const bool accepted = twin.acceptable();
  expect(kept.has_value() == (accepted && share(tiou)), "suppression where it is defined");
  expect(softened.has_value() == (accepted && twin.positive() && acceptable(options)),
         "softening where it is defined");
  if (kept) expect(*kept == twin.suppress(tiou), "the same segments to stay");
  if (softened) {
    const lpat::Softened expected = twin.soften(options);
    expect(softened->indices == expected.indices, "the same segments in the same order");
    expect(softened->scores == expected.scores, "the same decayed scores");
  }
  return 0;
}
