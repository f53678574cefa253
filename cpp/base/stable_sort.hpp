// Stable sorting by numbers, in time proportional to how many there are.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lpat {

// Keys that sort as the numbers do. 0 and -0 are equal.
inline std::uint64_t ascending_key(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);
  const std::uint64_t sign = std::uint64_t{1} << 63;
  return bits & sign ? ~bits : bits | sign;
}
inline std::uint64_t descending_key(double value) { return ~ascending_key(value); }
inline std::uint64_t ascending_key(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

struct Keyed {
  std::uint64_t key;
  std::uint32_t index;
};

// The indices 0 .. count - 1 with their keys.
template <typename Key>
std::vector<Keyed> keyed(std::size_t count, Key key) {
  std::vector<Keyed> items(count);
  for (std::size_t i = 0; i < count; ++i) items[i] = {key(i), static_cast<std::uint32_t>(i)};
  return items;
}

// Sorts by key, ascending, and leaves those of equal key in their order.
void sort_stably(std::vector<Keyed>& items);

// The same, by new keys: what counts is the last key, and where that is equal, those before.
template <typename Key>
void sort_stably(std::vector<Keyed>& items, Key key) {
  for (auto& item : items) item.key = key(item.index);
  sort_stably(items);
}

}  // namespace lpat
