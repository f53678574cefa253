// match_detections and average_precisions against their naive twin.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "bytes.hpp"
#include "expect.hpp"
#include "naive_evaluation.hpp"

namespace {

using Events = std::vector<NaiveEvent>;

Events some_events(Bytes& bytes, std::size_t most, std::size_t class_count) {
  Events events(bytes.below(most + 1));
  for (auto& event : events) {
    event.video = bytes.one_in(4) ? bytes.index(3) : 0;
    event.label = bytes.index(class_count);
    event.start = bytes.number<double>(0, 4);
    event.end = bytes.breaks() ? bytes.number<double>(-1, 4)
                               : event.start + bytes.number<double>(0, 4);
    event.score = bytes.number<double>(0, 3);
  }
  return events;
}

// Fractions of small numbers, which tIoUs on a grid often equal.
std::vector<double> some_tious(Bytes& bytes) {
  std::vector<double> tious(bytes.breaks() ? 0 : 1 + bytes.below(3));
  for (auto& tiou : tious) {
    const auto denominator = 1 + bytes.below(6);
    const auto numerator = 1 + bytes.below(denominator);
    tiou = static_cast<double>(numerator) / static_cast<double>(denominator);
    if (bytes.breaks()) tiou = bytes.number<double>(-1, 2);
  }
  return tious;
}

lpat::ProtocolOptions some_options(Bytes& bytes) {
  lpat::ProtocolOptions options;
  options.matcher = static_cast<lpat::Matcher>(bytes.below(3));
  options.ambiguous = static_cast<lpat::AmbiguousRule>(bytes.below(3));
  options.strict = bytes.below(2) == 1;
  options.interpolated = bytes.below(2) == 1;
  if (bytes.one_in(4)) {
    options.snippets_per_second = std::array{25.0 / 16, 1.0, 2.0, 3.0}[bytes.below(4)];
  }
  if (bytes.one_in(4)) options.empty_class = lpat::EmptyClass::skip;
  if (bytes.breaks()) options.snippets_per_second = bytes.number<double>(-1, 4);
  return options;
}

// Owner of the arrays that lpat::Events views.
struct Columns {
  std::vector<std::int64_t> videos;
  std::vector<std::int64_t> classes;
  std::vector<double> times;
  std::vector<double> scores;

  explicit Columns(const Events& events) {
    for (const auto& event : events) {
      videos.push_back(event.video);
      classes.push_back(event.label);
      times.insert(times.end(), {event.start, event.end});
      scores.push_back(event.score);
    }
  }

  lpat::Events events() const { return {videos, classes, {times}}; }
};

bool acceptable(const Events& events) {
  return std::ranges::all_of(events, [](const NaiveEvent& event) {
    return std::isfinite(event.start) && std::isfinite(event.end) && event.start <= event.end;
  });
}

bool labelled(const Events& events, std::size_t class_count) {
  return std::ranges::all_of(events, [&](const NaiveEvent& event) {
    return event.label >= 0 && static_cast<std::size_t>(event.label) < class_count;
  });
}

bool scored(const Events& events) {
  return std::ranges::all_of(
      events, [](const NaiveEvent& event) { return std::isfinite(event.score); });
}

bool acceptable(const std::vector<double>& tious, const lpat::ProtocolOptions& options) {
  return std::isfinite(options.snippets_per_second) && options.snippets_per_second >= 0 &&
         std::ranges::all_of(tious, [](double tiou) { return tiou > 0 && tiou <= 1; });
}

bool found_everywhere(const Events& truths, std::size_t class_count) {
  for (std::size_t c = 0; c < class_count; ++c) {
    if (std::ranges::count(truths, static_cast<std::int64_t>(c), &NaiveEvent::label) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const auto options = some_options(bytes);
  const std::size_t threads = bytes.one_in(16) ? 2 : 1;
  const auto tious = some_tious(bytes);
  const std::size_t class_count = bytes.breaks() ? 0 : 1 + bytes.below(2);
  const Events truths = some_events(bytes, 6, class_count);
  const Events ambiguous = some_events(bytes, 2, class_count);
  const Events detections = some_events(bytes, 8, class_count);
  const Columns found(detections);
  const Columns annotated(truths);
  const Columns doubtful(ambiguous);
  Columns broken(detections);  // which arrays disagree in size
  const std::array columns{&broken.videos, &broken.classes};
  const bool disagree = bytes.breaks() && !detections.empty();
  if (disagree) columns[bytes.below(2)]->pop_back();
  const lpat::Events events = disagree ? broken.events() : found.events();

  const lpat::EvaluationInput input{events, found.scores, annotated.events(), class_count, tious,
                                  doubtful.events().without_classes(), options};
  const auto matches = unless_refused([&] { return lpat::match_detections(input, threads); });
  const auto precisions =
      unless_refused([&] { return lpat::average_precisions(input, threads); });
  const bool accepted = !disagree && acceptable(detections) && acceptable(truths) &&
                        acceptable(ambiguous) && labelled(detections, class_count) &&
                        labelled(truths, class_count) && scored(detections) &&
                        acceptable(tious, options);
  expect(matches.has_value() == accepted, accepted ? "no refusal" : "a refusal");
  expect(precisions.has_value() == (accepted && found_everywhere(truths, class_count)),
         "average precisions if each class has a truth");
  if (!matches) return 0;

  const NaiveJudge twin(detections, truths, ambiguous, options);
  expect(matches->size() == tious.size() * detections.size(), "a match per detection");
  for (std::size_t k = 0; k < tious.size(); ++k) {
    const auto row = std::span(*matches).subspan(k * detections.size(), detections.size());
    expect(std::ranges::equal(row, twin.matches(tious[k])),
           "the same matches at threshold " + std::to_string(k));
    for (std::size_t c = 0; c < class_count && precisions; ++c) {
      expect_near((*precisions)[c * tious.size() + k],
                  twin.average_precision(static_cast<std::int64_t>(c), tious[k]), 1,
                  "an average precision of");
    }
  }
  return 0;
}
