// Times in snippets, for protocols that compare on the grid of the features.
#pragma once

#include <span>
#include <vector>

namespace lpat {

// Times in snippets, rounded to whole ones, half to even.
std::vector<double> rounded_to_grid(std::span<const double> seconds, double snippets_per_second);

// Times in snippets, not rounded, except that one within a millionth of a whole snippet is on it:
// the seconds of a snippet's edge are not exact in binary, and comparisons should not show it.
std::vector<double> in_snippets(std::span<const double> seconds, double snippets_per_second);

}  // namespace lpat
