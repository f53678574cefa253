#include "lpat/evaluation.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "base/checks.hpp"
#include "base/parallel.hpp"
#include "evaluation/average_precision.hpp"
#include "evaluation/grid.hpp"
#include "evaluation/interval_index.hpp"
#include "evaluation/match.hpp"
#include "evaluation/ranking.hpp"
#include "evaluation/tied_orders.hpp"

namespace lpat {
namespace {

void require_events_of(std::size_t class_count, const Events& events, const std::string& name) {
  require_events(events, name);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto label = events.classes[i];
    if (label < 0 || static_cast<std::size_t>(label) >= class_count) {
      throw std::invalid_argument(name + " class " + std::to_string(i) + " must be one of " +
                                  std::to_string(class_count) + ", not " + std::to_string(label));
    }
  }
}

void require_input(const EvaluationInput& input) {
  if (input.detections.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("detections must be fewer than 2^32, not " +
                                std::to_string(input.detections.size()));
  }
  if (input.class_count > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("class_count must be less than 2^32, not " +
                                std::to_string(input.class_count));
  }
  require_events_of(input.class_count, input.detections, "detection");
  require_events_of(input.class_count, input.truths, "truth");
  require_video_intervals(input.ambiguous, "ambiguous");
  if (input.scores.size() != input.detections.size()) {
    throw std::invalid_argument("detection scores must be as many as segments");
  }
  require_finite(input.scores, "detection score");
  require_thresholds(input.tious);
  require_grid(input.options.snippets_per_second);
}

// Segments of one class side by side: memory is read in order where they are compared.
struct Gathered {
  std::vector<std::int64_t> videos;
  std::vector<double> times;

  Gathered(const Events& events, std::span<const std::size_t> members) {
    videos.reserve(members.size());
    times.reserve(2 * members.size());
    for (const auto i : members) {
      const auto [start, end] = events.segments[i];
      videos.push_back(events.videos[i]);
      times.push_back(start);
      times.push_back(end);
    }
  }
  VideoIntervals view() const { return {videos, {times}}; }
};

// What became of a class's detections.
struct MatchedClass {
  std::vector<std::size_t> ranked;  // indices into the input, best first, without those dropped
                                    // before matching
  std::vector<std::vector<Match>> matches;  // for each threshold, by places in `ranked`
};

// One evaluation: all that is shared by its classes, with times in the protocol's unit.
class Evaluator {
 public:
  explicit Evaluator(const EvaluationInput& input)
      : detections_(input.detections),
        truths_(input.truths),
        tious_(input.tious),
        options_(input.options) {
    require_input(input);
    VideoIntervals doubtful = input.ambiguous;
    std::vector<double> doubtful_times;
    if (const double rate = options_.snippets_per_second; rate > 0) {
      detection_times_ = in_snippets(detections_.segments.values, rate);
      truth_times_ = rounded_to_grid(truths_.segments.values, rate);
      doubtful_times = rounded_to_grid(doubtful.segments.values, rate);
      detections_.segments = {detection_times_};
      truths_.segments = {truth_times_};
      doubtful.segments = {doubtful_times};
    }
    if (options_.ambiguous != AmbiguousRule::none) {
      doubtful_ = overlaps_any(detections_.without_classes(), doubtful);
    }
    found_ = group_by_class(detections_.classes, input.class_count);
    annotated_ = group_by_class(truths_.classes, input.class_count);
  }
  Evaluator(const Evaluator&) = delete;  // its views are of its own vectors
  Evaluator& operator=(const Evaluator&) = delete;

  // Classes, those with most detections first.
  std::vector<std::size_t> classes() const { return found_.largest_first(); }
  std::size_t detection_count(std::size_t label) const { return found_.of(label).size(); }
  // Indices into the input, in its order.
  std::span<const std::size_t> truths_of(std::size_t label) const { return annotated_.of(label); }

  void require_truths(std::size_t class_count) const {
    for (std::size_t c = 0; c < class_count; ++c) {
      if (truths_of(c).empty()) {
        throw std::invalid_argument("class " + std::to_string(c) + " must have a ground truth");
      }
    }
  }

  // Not to be called twice at once for one class.
  MatchedClass match(std::size_t label, std::span<const double> scores) {
    const auto ranked = found_.of(label);
    rank(ranked, scores);
    MatchedClass matched{{ranked.begin(), ranked.end()}, {}};
    if (options_.ambiguous == AmbiguousRule::drop_all) {
      std::erase_if(matched.ranked, [this](std::size_t i) { return doubtful_[i] != 0; });
    }
    matched.matches = match_class(Gathered(detections_, matched.ranked).view(),
                                 Gathered(truths_, truths_of(label)).view(), tious_, options_);
    return matched;
  }

  // Ranks of the true detections at a threshold, ascending, once the dropped ones are gone.
  std::vector<std::size_t> true_ranks(const MatchedClass& matched, std::size_t k) const {
    const bool drop = options_.ambiguous == AmbiguousRule::drop_unmatched;
    std::vector<std::size_t> ranks;
    ranks.reserve(matched.matches[k].size());
    std::size_t dropped = 0;
    std::size_t rank = 0;
    for (const auto& match : matched.matches[k]) {
      for (; drop && rank < match.detection; ++rank) {
        dropped += doubtful_[matched.ranked[rank]] != 0;
      }
      rank = match.detection + 1;
      ranks.push_back(match.detection - dropped);
    }
    return ranks;
  }

  // What ties can make of a class's average precision at each threshold.
  std::vector<PrecisionRange> tied_ranges(std::size_t label, const MatchedClass& matched,
                                          std::span<const double> scores) const {
    std::vector<std::size_t> groups(matched.ranked.size(), 0);
    for (std::size_t i = 1; i < groups.size(); ++i) {
      groups[i] = groups[i - 1] + (scores[matched.ranked[i]] != scores[matched.ranked[i - 1]]);
    }
    std::vector<char> dropped;
    if (options_.ambiguous == AmbiguousRule::drop_unmatched) {
      for (const auto i : matched.ranked) dropped.push_back(doubtful_[i]);
    }
    const Gathered detections(detections_, matched.ranked);
    const Gathered truths(truths_, truths_of(label));
    return lpat::tied_ranges(
        {detections.view(), groups, dropped, truths.view(), matched.matches}, tious_, options_);
  }

  // What becomes of a detection that takes no ground truth.
  std::int64_t unmatched(std::size_t detection) const {
    const bool dropped = !doubtful_.empty() && doubtful_[detection] != 0;
    return dropped ? dropped_detection : false_detection;
  }

 private:
  Events detections_;
  Events truths_;
  std::span<const double> tious_;
  ProtocolOptions options_;
  std::vector<double> detection_times_;
  std::vector<double> truth_times_;
  std::vector<char> doubtful_;  // whether each detection overlaps an ambiguous interval
  ClassGroups found_;
  ClassGroups annotated_;
};

}  // namespace

std::vector<double> average_precisions(const EvaluationInput& input, std::size_t threads) {
  Evaluator evaluator(input);
  const std::size_t tious = input.tious.size();
  evaluator.require_truths(input.class_count);
  std::vector<double> precisions(input.class_count * tious);
  const auto order = evaluator.classes();
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const std::size_t c = order[i];
    const auto of_class = std::span(precisions).subspan(c * tious, tious);
    if (evaluator.detection_count(c) == 0 && input.options.empty_class == EmptyClass::skip) {
      std::ranges::fill(of_class, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    const auto matched = evaluator.match(c, input.scores);
    for (std::size_t k = 0; k < tious; ++k) {
      of_class[k] = average_precision(evaluator.true_ranks(matched, k), evaluator.truths_of(c).size(),
                                      input.options.interpolated);
    }
  });
  return precisions;
}

std::vector<PrecisionRange> average_precision_ranges(const EvaluationInput& input,
                                                     std::size_t threads) {
  Evaluator evaluator(input);
  evaluator.require_truths(input.class_count);
  constexpr double left_out = std::numeric_limits<double>::quiet_NaN();
  const std::size_t tious = input.tious.size();
  std::vector<PrecisionRange> ranges(input.class_count * tious, {left_out, left_out});
  const auto order = evaluator.classes();
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const std::size_t c = order[i];
    if (evaluator.detection_count(c) == 0 && input.options.empty_class == EmptyClass::skip) return;
    const auto matched = evaluator.match(c, input.scores);
    std::ranges::copy(evaluator.tied_ranges(c, matched, input.scores),
                      ranges.begin() + static_cast<std::ptrdiff_t>(c * tious));
  });
  return ranges;
}

std::vector<std::int64_t> match_detections(const EvaluationInput& input, std::size_t threads) {
  Evaluator evaluator(input);
  const std::size_t tious = input.tious.size();
  const std::size_t detections = input.detections.size();
  std::vector<std::int64_t> result(tious * detections);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = evaluator.unmatched(i % detections);
  const auto order = evaluator.classes();
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const auto truths = evaluator.truths_of(order[i]);
    const auto matched = evaluator.match(order[i], input.scores);
    for (std::size_t k = 0; k < tious; ++k) {
      for (const auto& [detection, truth] : matched.matches[k]) {
        result[k * detections + matched.ranked[detection]] =
            static_cast<std::int64_t>(truths[truth]);
      }
    }
  });
  return result;
}

}  // namespace lpat
