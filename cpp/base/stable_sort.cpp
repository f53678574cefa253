#include "base/stable_sort.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lpat {
namespace {

constexpr std::size_t digit_bits = 11;
constexpr std::size_t digits = 6;  // 66 bits, for keys of 64
constexpr std::size_t digit_values = std::size_t{1} << digit_bits;
constexpr std::size_t few = 1000;  // below this many, counting digits takes longer than comparing

std::size_t digit_of(std::uint64_t key, std::size_t digit) {
  return (key >> (digit * digit_bits)) & (digit_values - 1);
}

}  // namespace

// Radix sort from the least digit on: each pass is stable, and a digit that all share is skipped.
void sort_stably(std::vector<Keyed>& items) {
  if (items.size() < few) {
    std::ranges::stable_sort(items, {}, &Keyed::key);
    return;
  }
  std::vector<std::array<std::uint32_t, digit_values>> counts(digits);
  for (const auto& item : items) {
    for (std::size_t digit = 0; digit < digits; ++digit) ++counts[digit][digit_of(item.key, digit)];
  }
  std::vector<Keyed> sorted(items.size());
  for (std::size_t digit = 0; digit < digits; ++digit) {
    auto& places = counts[digit];
    if (places[digit_of(items.front().key, digit)] == items.size()) continue;
    std::uint32_t place = 0;
    for (auto& count : places) place += std::exchange(count, place);
    for (const auto& item : items) sorted[places[digit_of(item.key, digit)]++] = item;
    items.swap(sorted);
  }
}

}  // namespace lpat
