// The naive twin of evaluation.cpp: what docs/evaluation.md says, in the plainest way.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "lpat/evaluation.hpp"

struct NaiveEvent {
  std::int64_t video;
  std::int64_t label;
  double start;
  double end;
  double score;
};

class NaiveJudge {
 public:
  using Events = std::vector<NaiveEvent>;

  NaiveJudge(Events detections, Events truths, Events ambiguous, lpat::ProtocolOptions options)
      : detections_(std::move(detections)),
        truths_(std::move(truths)),
        ambiguous_(std::move(ambiguous)),
        options_(options) {
    if (options_.snippets_per_second == 0) return;
    const auto rate = options_.snippets_per_second;
    for (auto& detection : detections_) {
      for (double* time : {&detection.start, &detection.end}) {
        *time *= rate;
        if (std::abs(*time - std::nearbyint(*time)) <= 1e-6) *time = std::nearbyint(*time);
      }
    }
    for (auto* events : {&truths_, &ambiguous_}) {
      for (auto& event : *events) {
        event.start = std::nearbyint(event.start * rate);
        event.end = std::nearbyint(event.end * rate);
      }
    }
  }

  // The truth that each detection takes at a threshold, in input order.
  std::vector<std::int64_t> matches(double tiou) const {
    std::vector<std::int64_t> matches(detections_.size(), lpat::false_detection);
    const bool drop_all = options_.ambiguous == lpat::AmbiguousRule::drop_all;
    for (std::size_t d = 0; d < detections_.size(); ++d) {
      if (drop_all && doubtful(d)) matches[d] = lpat::dropped_detection;
    }
    if (options_.matcher == lpat::Matcher::best_detection) {
      for (std::size_t g = 0; g < truths_.size(); ++g) let_truth_choose(g, tiou, matches);
    } else {
      for (const std::size_t d : ranked()) let_detection_choose(d, tiou, matches);
    }
    for (std::size_t d = 0; d < detections_.size(); ++d) {
      const bool drop = options_.ambiguous == lpat::AmbiguousRule::drop_unmatched;
      if (drop && matches[d] == lpat::false_detection && doubtful(d)) {
        matches[d] = lpat::dropped_detection;
      }
    }
    return matches;
  }

  double average_precision(std::int64_t label, double tiou) const {
    const bool empty = std::ranges::count(detections_, label, &NaiveEvent::label) == 0;
    if (empty && options_.empty_class == lpat::EmptyClass::skip) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const auto taken = matches(tiou);
    std::vector<double> precisions;  // at each rank
    std::vector<std::size_t> found;  // ranks of the true detections
    for (const std::size_t d : ranked()) {
      if (detections_[d].label != label || taken[d] == lpat::dropped_detection) continue;
      if (taken[d] >= 0) found.push_back(precisions.size());
      precisions.push_back(static_cast<double>(found.size()) /
                           static_cast<double>(precisions.size() + 1));
    }
    double sum = 0;
    for (const std::size_t rank : found) {
      const auto here = precisions.begin() + static_cast<std::ptrdiff_t>(rank);
      sum += options_.interpolated ? *std::max_element(here, precisions.end()) : *here;
    }
    return sum / static_cast<double>(std::ranges::count(truths_, label, &NaiveEvent::label));
  }

 private:
  using Matches = std::vector<std::int64_t>;

  static double shared(const NaiveEvent& a, const NaiveEvent& b) {
    return std::max(0.0, std::min(a.end, b.end) - std::max(a.start, b.start));
  }

  // tIoU if they are of one class and video and it suffices; none does with a union of no time.
  std::optional<double> sufficient(std::size_t d, std::size_t g, double tiou) const {
    const auto& a = detections_[d];
    const auto& b = truths_[g];
    const double both = (a.end - a.start) + (b.end - b.start) - shared(a, b);
    if (a.video != b.video || a.label != b.label || !(both > 0)) return {};
    const double overlap = shared(a, b) / both;
    const bool suffices = options_.strict ? overlap > tiou : overlap >= tiou;
    return suffices ? std::optional(overlap) : std::nullopt;
  }

  bool doubtful(std::size_t d) const {
    return std::ranges::any_of(ambiguous_, [&](const NaiveEvent& interval) {
      return interval.video == detections_[d].video && shared(interval, detections_[d]) > 0;
    });
  }

  std::vector<std::size_t> ranked() const {
    std::vector<std::size_t> order(detections_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(
        order, [&](auto a, auto b) { return detections_[a].score > detections_[b].score; });
    return order;
  }

  void let_detection_choose(std::size_t d, double tiou, Matches& matches) const {
    if (matches[d] == lpat::dropped_detection) return;
    double best = 0;
    for (std::size_t g = 0; g < truths_.size(); ++g) {
      const auto overlap = sufficient(d, g, tiou);
      const bool taken = std::ranges::count(matches, static_cast<std::int64_t>(g)) > 0;
      if (!overlap || taken || *overlap < best) continue;
      best = *overlap;
      matches[d] = static_cast<std::int64_t>(g);
      if (options_.matcher == lpat::Matcher::first_truth) return;
    }
  }

  void let_truth_choose(std::size_t g, double tiou, Matches& matches) const {
    double best = 0;
    std::optional<std::size_t> chosen;
    for (const std::size_t d : ranked()) {
      const auto overlap = sufficient(d, g, tiou);
      if (!overlap || matches[d] != lpat::false_detection || (chosen && *overlap <= best)) continue;
      best = *overlap;
      chosen = d;
    }
    if (chosen) matches[*chosen] = static_cast<std::int64_t>(g);
  }

  Events detections_;
  Events truths_;
  Events ambiguous_;
  lpat::ProtocolOptions options_;
};
