#include "lpat/evaluation.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "lpat/average_precision.hpp"
#include "lpat/checks.hpp"
#include "lpat/grid.hpp"
#include "lpat/interval_index.hpp"
#include "lpat/match.hpp"
#include "lpat/parallel.hpp"
#include "lpat/ranking.hpp"

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

void require_judgement(const Judgement& judgement) {
  if (judgement.detections.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("detections must be fewer than 2^32, not " +
                                std::to_string(judgement.detections.size()));
  }
  if (judgement.class_count > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("class_count must be less than 2^32, not " +
                                std::to_string(judgement.class_count));
  }
  require_events_of(judgement.class_count, judgement.detections, "detection");
  require_events_of(judgement.class_count, judgement.truths, "truth");
  require_video_intervals(judgement.ambiguous, "ambiguous");
  if (judgement.scores.size() != judgement.detections.size()) {
    throw std::invalid_argument("detection scores must be as many as segments");
  }
  require_finite(judgement.scores, "detection score");
  require_thresholds(judgement.tious);
  require_grid(judgement.options.snippets_per_second);
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
struct JudgedClass {
  std::vector<std::size_t> ranked;  // indices into the input, best first, without those dropped
                                    // before matching
  std::vector<std::vector<Match>> matches;  // for each threshold, by places in `ranked`
};

// One evaluation: all that is shared by its classes, with times in the protocol's unit.
class Judge {
 public:
  explicit Judge(const Judgement& judgement)
      : detections_(judgement.detections),
        truths_(judgement.truths),
        tious_(judgement.tious),
        options_(judgement.options) {
    require_judgement(judgement);
    VideoIntervals doubtful = judgement.ambiguous;
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
    found_ = group_by_class(detections_.classes, judgement.class_count);
    annotated_ = group_by_class(truths_.classes, judgement.class_count);
  }
  Judge(const Judge&) = delete;  // its views are of its own vectors
  Judge& operator=(const Judge&) = delete;

  // Classes, those with most detections first.
  std::vector<std::size_t> classes() const { return found_.largest_first(); }
  std::size_t detection_count(std::size_t label) const { return found_.of(label).size(); }
  // Indices into the input, in its order.
  std::span<const std::size_t> truths_of(std::size_t label) const { return annotated_.of(label); }

  // Not to be called twice at once for one class.
  JudgedClass judge(std::size_t label, std::span<const double> scores) {
    const auto ranked = found_.of(label);
    rank(ranked, scores);
    JudgedClass judged{{ranked.begin(), ranked.end()}, {}};
    if (options_.ambiguous == AmbiguousRule::drop_all) {
      std::erase_if(judged.ranked, [this](std::size_t i) { return doubtful_[i] != 0; });
    }
    judged.matches = match_class(Gathered(detections_, judged.ranked).view(),
                                 Gathered(truths_, truths_of(label)).view(), tious_, options_);
    return judged;
  }

  // Ranks of the true detections at a threshold, ascending, once the dropped ones are gone.
  std::vector<std::size_t> true_ranks(const JudgedClass& judged, std::size_t k) const {
    const bool drop = options_.ambiguous == AmbiguousRule::drop_unmatched;
    std::vector<std::size_t> ranks;
    ranks.reserve(judged.matches[k].size());
    std::size_t dropped = 0;
    std::size_t rank = 0;
    for (const auto& match : judged.matches[k]) {
      for (; drop && rank < match.detection; ++rank) {
        dropped += doubtful_[judged.ranked[rank]] != 0;
      }
      rank = match.detection + 1;
      ranks.push_back(match.detection - dropped);
    }
    return ranks;
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

std::vector<double> average_precisions(const Judgement& judgement, std::size_t threads) {
  Judge judge(judgement);
  const std::size_t tious = judgement.tious.size();
  for (std::size_t c = 0; c < judgement.class_count; ++c) {
    if (judge.truths_of(c).empty()) {
      throw std::invalid_argument("class " + std::to_string(c) + " must have a ground truth");
    }
  }
  std::vector<double> precisions(judgement.class_count * tious);
  const auto order = judge.classes();
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const std::size_t c = order[i];
    const auto of_class = std::span(precisions).subspan(c * tious, tious);
    if (judge.detection_count(c) == 0 && judgement.options.empty_class == EmptyClass::skip) {
      std::ranges::fill(of_class, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    const auto judged = judge.judge(c, judgement.scores);
    for (std::size_t k = 0; k < tious; ++k) {
      of_class[k] = average_precision(judge.true_ranks(judged, k), judge.truths_of(c).size(),
                                      judgement.options.interpolated);
    }
  });
  return precisions;
}

std::vector<std::int64_t> match_detections(const Judgement& judgement, std::size_t threads) {
  Judge judge(judgement);
  const std::size_t tious = judgement.tious.size();
  const std::size_t detections = judgement.detections.size();
  std::vector<std::int64_t> result(tious * detections);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = judge.unmatched(i % detections);
  const auto order = judge.classes();
  for_each_index(order.size(), threads, [&](std::size_t i) {
    const auto truths = judge.truths_of(order[i]);
    const auto judged = judge.judge(order[i], judgement.scores);
    for (std::size_t k = 0; k < tious; ++k) {
      for (const auto& [detection, truth] : judged.matches[k]) {
        result[k * detections + judged.ranked[detection]] =
            static_cast<std::int64_t>(truths[truth]);
      }
    }
  });
  return result;
}

}  // namespace lpat
