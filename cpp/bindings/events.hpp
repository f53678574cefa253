// Views of events and counts, as the bindings of evaluation and diagnosis read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "arrays.hpp"
#include "lpat/events.hpp"

namespace lpat::python {

inline VideoIntervals intervals_view(const py::array& videos, const py::array& segments,
                                     const std::string& name) {
  const auto times = view<double>(segments, name + "_segments", {2});
  if (segments.shape(1) != 2) {
    throw std::invalid_argument(name + "_segments must have shape (N, 2), not " +
                                std::string(py::str(segments.attr("shape"))));
  }
  return {view_of_length<std::int64_t>(videos, name + "_videos", length(segments)), {times}};
}

inline Events events_view(const py::array& videos, const py::array& classes,
                          const py::array& segments, const std::string& name) {
  const auto intervals = intervals_view(videos, segments, name);
  return {intervals.videos,
          view_of_length<std::int64_t>(classes, name + "_classes", length(segments)),
          intervals.segments};
}

inline std::size_t count_of(py::ssize_t value, const std::string& name) {
  if (value < 0) {
    throw std::invalid_argument(name + " must be at least 0, not " + std::to_string(value));
  }
  return static_cast<std::size_t>(value);
}

// Snippets per second, 0 where there is no grid.
inline double grid_of(std::optional<double> snippets_per_second) {
  if (snippets_per_second && !(*snippets_per_second > 0)) {
    throw std::invalid_argument("snippets_per_second must be positive, not " +
                                std::to_string(*snippets_per_second));
  }
  return snippets_per_second.value_or(0);
}

}  // namespace lpat::python
