// The naive twin of suppression.cpp: what its header says, in the plainest way.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "lpat/suppression.hpp"

class NaiveSuppressor {
 public:
  explicit NaiveSuppressor(const lpat::ScoredSegments& detections) : detections_(detections) {}

  bool acceptable() const {
    if (detections_.classes.size() != detections_.size() ||
        detections_.scores.size() != detections_.size()) {
      return false;
    }
    for (std::size_t i = 0; i < detections_.size(); ++i) {
      const auto [start, end] = detections_.segments[i];
      if (!std::isfinite(start) || !std::isfinite(end) || end < start) return false;
      if (!std::isfinite(detections_.scores[i])) return false;
    }
    return true;
  }

  bool positive() const {
    return std::ranges::all_of(detections_.scores, [](double score) { return score >= 0; });
  }

  std::vector<std::int64_t> suppress(double tiou) const {
    std::vector<std::size_t> order(detections_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return detections_.scores[a] > detections_.scores[b];
    });
    std::vector<std::int64_t> kept;
    for (const std::size_t i : order) {
      const bool suppressed = std::ranges::any_of(kept, [&](std::int64_t better) {
        return overlap(i, static_cast<std::size_t>(better)) > tiou;
      });
      if (!suppressed) kept.push_back(static_cast<std::int64_t>(i));
    }
    return kept;
  }

  lpat::Softened soften(const lpat::SofteningOptions& options) const {
    std::vector<double> scores(detections_.scores.begin(), detections_.scores.end());
    std::vector<std::size_t> left(scores.size());
    std::iota(left.begin(), left.end(), std::size_t{0});
    lpat::Softened result;
    while (!left.empty()) {
      const auto best = std::ranges::max_element(left, {}, [&](std::size_t i) { return scores[i]; });
      const std::size_t taken = *best;
      if (scores[taken] < options.minimum_score) break;
      left.erase(best);
      result.indices.push_back(static_cast<std::int64_t>(taken));
      result.scores.push_back(scores[taken]);
      for (const std::size_t i : left) {
        const double shared = overlap(i, taken);
        const double linear = shared > options.tiou ? 1 - shared : 1;
        const double gaussian = std::exp(-(shared * shared) / options.sigma);
        scores[i] *= options.decay == lpat::Decay::linear ? linear : gaussian;
      }
    }
    return result;
  }

 private:
  // tIoU, or 0 of different classes and where the union takes no time.
  double overlap(std::size_t a, std::size_t b) const {
    if (detections_.classes[a] != detections_.classes[b]) return 0;
    const auto [start, end] = detections_.segments[a];
    const auto [other_start, other_end] = detections_.segments[b];
    const double shared = std::max(0.0, std::min(end, other_end) - std::max(start, other_start));
    const double both = (end - start) + (other_end - other_start) - shared;
    return both > 0 ? shared / both : 0;
  }

  lpat::ScoredSegments detections_;
};
