#include "lpat/checks.hpp"

#include <cmath>
#include <stdexcept>

namespace lpat {

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

void require_share(double value, const std::string& name) {
  if (!(value >= 0 && value <= 1)) {
    throw std::invalid_argument(name + " must be in [0, 1], not " + std::to_string(value));
  }
}

}  // namespace lpat
