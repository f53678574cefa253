#include "lpat/component_tree.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lpat {
namespace {

std::size_t index_of(std::int64_t value) { return static_cast<std::size_t>(value); }

void require_size(std::size_t size, std::size_t expected, const std::string& name) {
  if (size == expected) return;
  throw std::invalid_argument(name + " must have " + std::to_string(expected) +
                              " elements, one for each component, not " + std::to_string(size));
}

// Snippets [first, component.first) and [component.stop, stop), and how many they would be if the
// sequence didn't end.
struct Outside {
  std::size_t first;
  std::size_t stop;
  std::size_t count;
  std::size_t unclipped;

  Outside(const Component& component, std::size_t snippets) {
    const auto length = index_of(component.stop - component.first);
    const std::size_t width = std::max<std::size_t>(1, length / 4);
    first = index_of(component.first) - std::min(width, index_of(component.first));
    stop = std::min(snippets, index_of(component.stop) + width);
    count = stop - first - length;
    unclipped = 2 * width;
  }
};

}  // namespace

std::vector<Component> component_tree(std::span<const double> values) {
  for (std::size_t t = 0; t < values.size(); ++t) {
    if (!std::isfinite(values[t])) {
      throw std::invalid_argument("values must be finite, but values[" + std::to_string(t) +
                                  "] isn't");
    }
  }
  // From the last snippet to the first, `open` holds the components that may still grow, the
  // higher on top. Those of one stop close in order of level, and so the tree comes out backwards.
  std::vector<Component> tree;
  std::vector<Component> open;
  for (std::size_t t = values.size(); t-- > 0;) {
    const auto next = static_cast<std::int64_t>(t + 1);
    std::int64_t stop = next;
    for (; !open.empty() && open.back().level > values[t]; open.pop_back()) {
      stop = open.back().stop;
      tree.push_back({open.back().level, next, stop});
    }
    if (open.empty() || open.back().level < values[t]) open.push_back({values[t], 0, stop});
  }
  tree.insert(tree.end(), open.rbegin(), open.rend());
  std::ranges::reverse(tree);

  for (std::size_t i = 1; i < tree.size(); ++i) {
    std::size_t parent = i - 1;
    while (tree[parent].stop <= tree[i].first) parent = index_of(tree[parent].parent);
    tree[i].parent = static_cast<std::int64_t>(parent);
  }
  return tree;
}

std::vector<double> component_contrasts(std::span<const double> values,
                                        std::span<const Component> tree) {
  std::vector<double> sums(values.size() + 1, 0);
  for (std::size_t t = 0; t < values.size(); ++t) sums[t + 1] = sums[t] + values[t];
  std::vector<double> contrasts;
  contrasts.reserve(tree.size());
  for (const auto& component : tree) {
    if (component.first < 0 || component.first >= component.stop ||
        index_of(component.stop) > values.size()) {
      throw std::invalid_argument("component " + std::to_string(contrasts.size()) +
                                  " must lie within the " + std::to_string(values.size()) +
                                  " values");
    }
    const auto first = index_of(component.first);
    const auto stop = index_of(component.stop);
    const double inside = (sums[stop] - sums[first]) / static_cast<double>(stop - first);
    const Outside outside(component, values.size());
    const double outer_sum = sums[first] - sums[outside.first] + sums[outside.stop] - sums[stop];
    contrasts.push_back(
        outside.count == 0 ? inside : inside - outer_sum / static_cast<double>(outside.count));
  }
  return contrasts;
}

std::vector<double> component_gains(std::span<const Component> tree,
                                    std::span<const double> contrasts) {
  require_size(contrasts.size(), tree.size(), "contrasts");
  std::vector<double> gains;
  gains.reserve(tree.size());
  for (const auto& component : tree) {
    const Outside outside(component, index_of(tree.front().stop));
    const double share = outside.count == 0 ? 1
                                            : static_cast<double>(outside.count) /
                                                  static_cast<double>(outside.unclipped);
    const double contrast = contrasts[gains.size()];
    const auto length = static_cast<double>(component.stop - component.first);
    gains.push_back(contrast * std::abs(contrast) * length * share);
  }
  return gains;
}

std::vector<std::size_t> select_components(std::span<const Component> tree,
                                           std::span<const double> gains) {
  require_size(gains.size(), tree.size(), "gains");
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (!std::isfinite(gains[i])) {
      throw std::invalid_argument("gains must be finite, but gains[" + std::to_string(i) +
                                  "] isn't");
    }
    const std::int64_t parent = tree[i].parent;
    if (parent != no_parent && (parent < 0 || index_of(parent) >= i)) {
      throw std::invalid_argument("component " + std::to_string(i) + " must come after its parent");
    }
  }
  // The best total of each component's descendants; they come after it, so they are known first.
  std::vector<double> below(tree.size(), 0);
  for (std::size_t i = tree.size(); i-- > 0;) {
    if (tree[i].parent == no_parent) continue;
    below[index_of(tree[i].parent)] += std::max(gains[i], below[i]);
  }
  std::vector<char> covered(tree.size(), 0);
  std::vector<std::size_t> selected;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    covered[i] = tree[i].parent != no_parent && covered[index_of(tree[i].parent)];
    if (covered[i] || gains[i] <= 0 || gains[i] < below[i]) continue;
    covered[i] = 1;
    selected.push_back(i);
  }
  return selected;
}

}  // namespace lpat
