#include "suppression/interval_tree.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/stable_sort.hpp"

namespace lpat {
namespace {

constexpr double gone = -std::numeric_limits<double>::infinity();

}  // namespace

IntervalTree::IntervalTree(const Intervals& segments, std::span<const std::int64_t> classes)
    : segments_(segments),
      positions_(segments.size()),
      order_(segments.size()),
      first_(segments.size()),
      stop_(segments.size()),
      leaves_(std::bit_ceil(std::max<std::size_t>(1, segments.size()))),
      latest_(2 * leaves_, gone) {
  auto items =
      keyed(segments.size(), [&](std::size_t i) { return ascending_key(segments[i].start); });
  sort_stably(items);
  sort_stably(items, [&](std::size_t i) { return ascending_key(classes[i]); });
  for (std::uint32_t position = 0; position < items.size(); ++position) {
    const auto [key, segment] = items[position];
    order_[position] = segment;
    positions_[segment] = position;
    const bool same = position > 0 && items[position - 1].key == key;
    first_[position] = same ? first_[position - 1] : position;
    const auto [start, end] = segments[segment];
    if (end > start) latest_[leaves_ + position] = end;
  }
  for (auto position = static_cast<std::uint32_t>(items.size()); position-- > 0;) {
    const bool same = position + 1 < items.size() && first_[position + 1] == first_[position];
    stop_[position] = same ? stop_[position + 1] : position + 1;
  }
  for (std::size_t node = leaves_; node-- > 1;) {
    latest_[node] = std::max(latest_[2 * node], latest_[2 * node + 1]);
  }
}

void IntervalTree::remove(std::size_t segment) {
  std::size_t node = leaves_ + positions_[segment];
  latest_[node] = gone;
  while (node > 1) {
    node /= 2;
    const double latest = std::max(latest_[2 * node], latest_[2 * node + 1]);
    if (latest_[node] == latest) break;
    latest_[node] = latest;
  }
}

// The first position from this one on whose segment is there and ends after the time, or, where
// there is none, `leaves_`.
std::size_t IntervalTree::next(std::size_t position, double time) const {
  if (position == leaves_) return leaves_;
  std::size_t node = leaves_ + position;
  while (!(latest_[node] > time)) {
    while (node % 2 == 1) node /= 2;  // up, from all right children, to the left of a pair
    if (node == 0) return leaves_;
    ++node;
  }
  while (node < leaves_) {
    node *= 2;
    if (!(latest_[node] > time)) ++node;
  }
  return node - leaves_;
}

std::span<const std::uint32_t> IntervalTree::overlapping(std::size_t segment) {
  found_.clear();
  const auto [start, end] = segments_[segment];
  if (!(end > start)) return found_;
  const std::size_t stop = stop_[positions_[segment]];
  for (std::size_t position = next(first_[positions_[segment]], start);
       position < stop && segments_[order_[position]].start < end;
       position = next(position + 1, start)) {
    found_.push_back(order_[position]);
  }
  return found_;
}

}  // namespace lpat
