#include "base/checks.hpp"

#include <cmath>
#include <stdexcept>

namespace lpat {

void require(bool holds, const std::string& message) {
  if (!holds) throw std::invalid_argument(message);
}

void require_finite(std::span<const double> values, const std::string& name) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw std::invalid_argument(name + " " + std::to_string(i) + " must be finite");
    }
  }
}

void require_intervals(const Intervals& intervals, const std::string& name) {
  if (intervals.values.size() % 2 != 0) {
    throw std::invalid_argument(name + " times must be starts and ends, not " +
                                std::to_string(intervals.values.size()));
  }
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const auto [start, end] = intervals[i];
    if (!std::isfinite(start) || !std::isfinite(end)) {
      throw std::invalid_argument(name + " " + std::to_string(i) + " must be finite");
    }
    if (end < start) {
      throw std::invalid_argument(name + " " + std::to_string(i) +
                                  " must not end before it starts");
    }
  }
}

void require_video_intervals(const VideoIntervals& intervals, const std::string& name) {
  if (intervals.videos.size() != intervals.segments.size()) {
    throw std::invalid_argument(name + " must have as many videos as segments");
  }
  require_intervals(intervals.segments, name + " segment");
}

void require_events(const Events& events, const std::string& name) {
  require_video_intervals(events.without_classes(), name);
  if (events.classes.size() != events.size()) {
    throw std::invalid_argument(name + " must have as many classes as segments");
  }
}

void require_thresholds(std::span<const double> tious) {
  for (const double tiou : tious) {
    if (!(tiou > 0 && tiou <= 1)) {
      throw std::invalid_argument("tious must be in (0, 1], not " + std::to_string(tiou));
    }
  }
}

void require_grid(double snippets_per_second) {
  if (!(std::isfinite(snippets_per_second) && snippets_per_second >= 0)) {
    throw std::invalid_argument("snippets_per_second must be finite and at least 0, not " +
                                std::to_string(snippets_per_second));
  }
}

void require_share(double value, const std::string& name) {
  if (!(value >= 0 && value <= 1)) {
    throw std::invalid_argument(name + " must be in [0, 1], not " + std::to_string(value));
  }
}

}  // namespace lpat
