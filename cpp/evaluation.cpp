#include "lpat/evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "lpat/average_precision.hpp"
#include "lpat/match.hpp"

namespace lpat {
namespace {

void require_events(const Events& events, std::size_t class_count, const std::string& name) {
  const std::size_t count = events.size();
  if (events.videos.size() != count || events.classes.size() != count) {
    throw std::invalid_argument(name + " must have as many videos and classes as segments");
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto [start, end] = events.segments[i];
    const std::string place = name + " segment " + std::to_string(i);
    if (!std::isfinite(start) || !std::isfinite(end)) {
      throw std::invalid_argument(place + " must be finite");
    }
    if (end < start) throw std::invalid_argument(place + " must not end before it starts");
    const auto label = events.classes[i];
    if (label < 0 || static_cast<std::size_t>(label) >= class_count) {
      throw std::invalid_argument(name + " class " + std::to_string(i) + " must be one of " +
                                  std::to_string(class_count) + ", not " + std::to_string(label));
    }
  }
}

void require_input(const Events& detections, std::span<const double> scores, const Events& truths,
                   std::size_t class_count, std::span<const double> tious) {
  require_events(detections, class_count, "detection");
  require_events(truths, class_count, "truth");
  if (scores.size() != detections.size()) {
    throw std::invalid_argument("detection scores must be as many as segments");
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      throw std::invalid_argument("detection score " + std::to_string(i) + " must be finite");
    }
  }
  for (const double tiou : tious) {
    if (!(tiou > 0 && tiou <= 1)) {
      throw std::invalid_argument("tious must be in (0, 1], not " + std::to_string(tiou));
    }
  }
}

// Indices of the events of each class, in input order: class c has those from offsets[c] up to
// offsets[c + 1].
struct Groups {
  std::vector<std::size_t> indices;
  std::vector<std::size_t> offsets;

  std::span<std::size_t> of(std::size_t label) {
    return std::span(indices).subspan(offsets[label], offsets[label + 1] - offsets[label]);
  }
};

Groups group_by_class(std::span<const std::int64_t> classes, std::size_t class_count) {
  Groups groups{std::vector<std::size_t>(classes.size()),
                std::vector<std::size_t>(class_count + 1, 0)};
  for (const auto label : classes) ++groups.offsets[static_cast<std::size_t>(label) + 1];
  for (std::size_t c = 0; c < class_count; ++c) groups.offsets[c + 1] += groups.offsets[c];
  std::vector<std::size_t> next(groups.offsets.begin(), groups.offsets.end() - 1);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    groups.indices[next[static_cast<std::size_t>(classes[i])]++] = i;
  }
  return groups;
}

// Detections of each class, best first.
Groups rank_by_class(const Events& detections, std::span<const double> scores,
                     std::size_t class_count) {
  Groups groups = group_by_class(detections.classes, class_count);
  for (std::size_t c = 0; c < class_count; ++c) {
    std::ranges::stable_sort(groups.of(c), std::ranges::greater{},
                             [&](std::size_t i) { return scores[i]; });
  }
  return groups;
}

}  // namespace

std::vector<double> average_precisions(const Events& detections, std::span<const double> scores,
                                       const Events& truths, std::size_t class_count,
                                       std::span<const double> tious) {
  require_input(detections, scores, truths, class_count, tious);
  Groups ranked = rank_by_class(detections, scores, class_count);
  Groups members = group_by_class(truths.classes, class_count);
  std::vector<double> precisions;
  precisions.reserve(class_count * tious.size());
  for (std::size_t c = 0; c < class_count; ++c) {
    if (members.of(c).empty()) {
      throw std::invalid_argument("class " + std::to_string(c) + " must have a ground truth");
    }
    const std::size_t count = ranked.of(c).size();
    const auto matches =
        match_best_truth(detections, ranked.of(c), truths, members.of(c), tious);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      precisions.push_back(interpolated_average_precision(
          std::span(matches).subspan(k * count, count), members.of(c).size()));
    }
  }
  return precisions;
}

std::vector<std::int64_t> match_detections(const Events& detections,
                                           std::span<const double> scores, const Events& truths,
                                           std::size_t class_count, std::span<const double> tious) {
  require_input(detections, scores, truths, class_count, tious);
  Groups ranked = rank_by_class(detections, scores, class_count);
  Groups members = group_by_class(truths.classes, class_count);
  std::vector<std::int64_t> result(tious.size() * detections.size(), -1);
  for (std::size_t c = 0; c < class_count; ++c) {
    const auto order = ranked.of(c);
    const auto matches = match_best_truth(detections, order, truths, members.of(c), tious);
    for (std::size_t k = 0; k < tious.size(); ++k) {
      for (std::size_t rank = 0; rank < order.size(); ++rank) {
        result[k * detections.size() + order[rank]] = matches[k * order.size() + rank];
      }
    }
  }
  return result;
}

}  // namespace lpat
