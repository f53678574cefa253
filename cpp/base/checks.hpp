// Checks of what callers give. Each throws std::invalid_argument that names the place.
#pragma once

#include <span>
#include <string>

#include "lpat/events.hpp"

namespace lpat {

// What is said where something doesn't hold.
void require(bool holds, const std::string& message);

// Values are finite: "NAME 3 must be finite".
void require_finite(std::span<const double> values, const std::string& name);

// Times are finite, and none ends before it starts.
void require_intervals(const Intervals& intervals, const std::string& name);

// As many videos as segments, and those intervals: "NAME segment 3 must be finite".
void require_video_intervals(const VideoIntervals& intervals, const std::string& name);

// The same, and as many classes.
void require_events(const Events& events, const std::string& name);

// tIoU thresholds in (0, 1].
void require_thresholds(std::span<const double> tious);

// Snippets per second, 0 for no grid.
void require_grid(double snippets_per_second);

// A threshold between 0 and 1, both included.
void require_share(double value, const std::string& name);

}  // namespace lpat
