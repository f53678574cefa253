#include "evaluation/ranking.hpp"

#include <algorithm>
#include <numeric>

#include "base/stable_sort.hpp"

namespace lpat {

std::vector<std::size_t> ClassGroups::largest_first() const {
  std::vector<std::size_t> order(classes());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [this](std::size_t label) { return of(label).size(); });
  return order;
}

ClassGroups group_by_class(std::span<const std::int64_t> classes, std::size_t class_count) {
  ClassGroups groups{std::vector<std::size_t>(classes.size()),
                     std::vector<std::size_t>(class_count + 1, 0)};
  for (const auto label : classes) ++groups.offsets[static_cast<std::size_t>(label) + 1];
  std::partial_sum(groups.offsets.begin(), groups.offsets.end(), groups.offsets.begin());
  std::vector<std::size_t> next(groups.offsets.begin(), groups.offsets.end() - 1);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    groups.indices[next[static_cast<std::size_t>(classes[i])]++] = i;
  }
  return groups;
}

void rank(std::span<std::size_t> indices, std::span<const double> scores) {
  auto ranked = keyed(indices.size(), [&](std::size_t i) { return descending_key(scores[indices[i]]); });
  sort_stably(ranked);
  const std::vector<std::size_t> unranked(indices.begin(), indices.end());
  std::ranges::transform(ranked, indices.begin(), [&](const Keyed& item) { return unranked[item.index]; });
}

}  // namespace lpat
