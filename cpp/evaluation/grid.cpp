#include "evaluation/grid.hpp"

#include <cmath>

namespace lpat {

std::vector<double> rounded_to_grid(std::span<const double> seconds, double snippets_per_second) {
  std::vector<double> snippets;
  snippets.reserve(seconds.size());
  for (const double time : seconds) {
    snippets.push_back(std::nearbyint(time * snippets_per_second));
  }
  return snippets;
}

std::vector<double> in_snippets(std::span<const double> seconds, double snippets_per_second) {
  constexpr double tolerance = 1e-6;
  std::vector<double> snippets;
  snippets.reserve(seconds.size());
  for (const double time : seconds) {
    const double exact = time * snippets_per_second;
    const double whole = std::nearbyint(exact);
    snippets.push_back(std::abs(exact - whole) <= tolerance ? whole : exact);
  }
  return snippets;
}

}  // namespace lpat
