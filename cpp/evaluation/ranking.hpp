// Events of each class side by side, and detections best first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lpat {

// Indices of the events of each class: class c has those from offsets[c] up to offsets[c + 1].
struct ClassGroups {
  std::vector<std::size_t> indices;
  std::vector<std::size_t> offsets;

  std::span<std::size_t> of(std::size_t label) {
    return std::span(indices).subspan(offsets[label], offsets[label + 1] - offsets[label]);
  }
  std::span<const std::size_t> of(std::size_t label) const {
    return std::span(indices).subspan(offsets[label], offsets[label + 1] - offsets[label]);
  }
  std::size_t classes() const { return offsets.size() - 1; }

  // Classes, those with most events first, for threads to take in this order.
  std::vector<std::size_t> largest_first() const;
};

// Events of each class in input order. `classes` are in [0, class_count).
ClassGroups group_by_class(std::span<const std::int64_t> classes, std::size_t class_count);

// Puts indices in order of their scores, descending; those of equal score, in ascending order.
void rank(std::span<std::size_t> indices, std::span<const double> scores);

}  // namespace lpat
