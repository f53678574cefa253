// The naive twin of predicted_ends.cpp: what its header says, in the plainest way.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lpat/predicted_ends.hpp"
#include "naive_level_sets.hpp"
#include "naive_segments.hpp"

inline bool acceptable(const lpat::PredictedEnds& ends, std::span<const std::int64_t> classes) {
  const std::vector<float> none(ends.chances.rows);
  const auto is_chance = [](float value) { return value >= 0 && value <= 1; };
  const auto is_distance = [](float value) { return std::isfinite(value) && value >= 0; };
  return acceptable(ends.chances, {none, none.size(), 1}, ends.edges, classes, 1) &&
         ends.distances.rows == ends.chances.rows && ends.distances.columns == 2 &&
         ends.distances.values.size() == 2 * ends.chances.rows &&
         std::ranges::all_of(ends.chances.values, is_chance) &&
         std::ranges::all_of(ends.distances.values, is_distance);
}

inline bool acceptable(std::span<const double> segments, std::size_t count) {
  bool holds = segments.size() == 2 * count;
  for (std::size_t i = 0; i + 1 < segments.size(); i += 2) {
    holds = holds && std::isfinite(segments[i]) && std::isfinite(segments[i + 1]) &&
            segments[i] <= segments[i + 1];
  }
  return holds;
}

inline bool acceptable(const lpat::ProposalOptions& options) {
  return options.lowest_chance >= 0 && options.lowest_chance <= 1 && options.highest_share >= 0 &&
         options.highest_share <= 1 && options.sharpness > 0 &&
         options.sharpness <= std::numeric_limits<float>::max();
}

// Middles of the snippets, and the segment that each predicts; there is a snippet.
class NaivePredictions {
 public:
  explicit NaivePredictions(const lpat::PredictedEnds& ends) {
    std::vector<double> lengths;
    for (std::size_t t = 0; t < ends.chances.rows; ++t) {
      lengths.push_back(ends.edges[t + 1] - ends.edges[t]);
      middles_.push_back(ends.edges[t] + lengths.back() / 2);
    }
    std::ranges::sort(lengths);
    const double unit = lengths[(lengths.size() - 1) / 2];
    for (std::size_t t = 0; t < middles_.size(); ++t) {
      starts_.push_back(middles_[t] - static_cast<double>(ends.distances(t, 0)) * unit);
      stops_.push_back(middles_[t] + static_cast<double>(ends.distances(t, 1)) * unit);
    }
  }

  double start(std::size_t t) const { return starts_[t]; }
  double stop(std::size_t t) const { return stops_[t]; }

  // Those whose middles lie in a segment, or the nearest one, of two the first.
  std::vector<std::size_t> snippets(double start, double end) const {
    std::vector<std::size_t> found;
    for (std::size_t t = 0; t < middles_.size(); ++t) {
      if (middles_[t] >= start && middles_[t] <= end) found.push_back(t);
    }
    if (!found.empty()) return found;
    const double centre = start + (end - start) / 2;
    std::size_t nearest = 0;
    for (std::size_t t = 1; t < middles_.size(); ++t) {
      if (std::abs(middles_[t] - centre) < std::abs(middles_[nearest] - centre)) nearest = t;
    }
    return {nearest};
  }

  double tiou(std::size_t t, double start, double end) const {
    const double overlap = std::min(end, stops_[t]) - std::max(start, starts_[t]);
    if (!(overlap > 0)) return 0;
    return overlap / ((end - start) + (stops_[t] - starts_[t]) - overlap);
  }

 private:
  std::vector<double> middles_;
  std::vector<double> starts_;
  std::vector<double> stops_;
};

inline std::vector<double> naive_fits(const lpat::PredictedEnds& ends,
                                      std::span<const double> segments,
                                      std::span<const std::int64_t> classes) {
  std::vector<double> fits(classes.size());
  if (ends.chances.rows == 0) return fits;
  const NaivePredictions predictions(ends);
  for (std::size_t i = 0; i < fits.size(); ++i) {
    for (const std::size_t t : predictions.snippets(segments[2 * i], segments[2 * i + 1])) {
      const double chance = ends.chances(t, static_cast<std::size_t>(classes[i]));
      const double tiou = predictions.tiou(t, segments[2 * i], segments[2 * i + 1]);
      fits[i] = std::max(fits[i], tiou * std::sqrt(chance));
    }
  }
  return fits;
}

inline std::vector<lpat::Proposal> naive_proposals(const lpat::PredictedEnds& ends,
                                                   const lpat::Matrix& scores,
                                                   const lpat::Matrix& threshold,
                                                   std::span<const std::int64_t> classes,
                                                   const lpat::ProposalOptions& options) {
  std::vector<lpat::Proposal> proposals;
  const std::size_t snippets = ends.chances.rows;
  if (snippets == 0) return proposals;
  const NaivePredictions predictions(ends);
  for (const std::int64_t label : classes) {
    std::vector<double> chances;
    for (std::size_t t = 0; t < snippets; ++t) {
      chances.push_back(ends.chances(t, static_cast<std::size_t>(label)));
    }
    // Peak and contrast are those that a level set of the same snippets has.
    lpat::LevelOptions as_level_set;
    as_level_set.sharpness = options.sharpness;
    const NaiveMargins margins(scores, threshold, ends.edges, label, as_level_set);
    for (std::size_t t = 0; t < snippets; ++t) {
      if (chances[t] < options.lowest_chance) continue;
      if (chances[t] < options.highest_share * std::ranges::max(chances)) continue;
      if (t > 0 && chances[t - 1] > chances[t]) continue;
      if (t + 1 < snippets && chances[t + 1] > chances[t]) continue;
      lpat::Proposal proposal;
      proposal.start = std::max(predictions.start(t), ends.edges.front());
      proposal.end = std::min(predictions.stop(t), ends.edges.back());
      if (!(proposal.start < proposal.end)) continue;
      const auto inside = predictions.snippets(proposal.start, proposal.end);
      const lpat::LevelSet set = margins.set(inside.front(), inside.back() + 1, 0);
      proposal.class_index = label;
      proposal.snippet = static_cast<std::int64_t>(t);
      proposal.chance = chances[t];
      proposal.peak = set.peak;
      proposal.contrast = set.contrast;
      proposals.push_back(proposal);
    }
  }
  return proposals;
}
