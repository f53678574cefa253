#include "lpat/ranking.hpp"

#include <algorithm>
#include <numeric>

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
  struct Ranked {
    double score;
    std::size_t index;
  };
  // Scores beside their indices: comparing doesn't jump about in memory.
  std::vector<Ranked> ranked;
  ranked.reserve(indices.size());
  for (const auto index : indices) ranked.push_back({scores[index], index});
  std::ranges::sort(ranked, [](const Ranked& a, const Ranked& b) {
    return a.score > b.score || (a.score == b.score && a.index < b.index);
  });
  std::ranges::transform(ranked, indices.begin(), &Ranked::index);
}

}  // namespace lpat
