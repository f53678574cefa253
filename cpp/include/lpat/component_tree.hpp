// Proposals without a threshold grid: the component tree (max-tree) of a curve, and the best of its
// components that don't overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/segments.hpp"

namespace lpat {

inline constexpr std::int64_t no_parent = -1;

// A connected component of a super-level set {t: v[t] >= level}: the snippets [first, stop).
struct Component {
  double level = 0;  // the smallest value inside: the highest level that has this component
  std::int64_t first = 0;
  std::int64_t stop = 0;
  std::int64_t parent = no_parent;  // index of the smallest component around it
};

// Every distinct component of every super-level set of `values` (T), once; the first is the whole
// sequence, the root. They come in order of `first`, and of equal `first` the longer before the
// shorter, so that each follows its parent, and its descendants follow it without a gap.
//
// There are at most T, not 2 T - 1 as of trees whose leaves are snippets: each component is the one
// around any of its smallest values, at the level of that value, so T snippets can't stand for more
// than T components. Equal values with nothing smaller between them stand for the same one. O(T).
//
// Throws std::invalid_argument where a value isn't finite.
std::vector<Component> component_tree(std::span<const double> values);

// Mean of `values` inside minus mean just outside, of each component, as Run::contrast: outside is,
// on either side, a quarter of the component's length, rounded down, at least one snippet, clipped
// to the sequence. The root has nothing outside; 0 stands in. O(T), from prefix sums.
//
// Throws std::invalid_argument where a component doesn't lie within the values.
std::vector<double> component_contrasts(std::span<const double> values,
                                        std::span<const Component> tree);

// What each component is worth as a proposal: contrast * |contrast| * length * share, where `share`
// is how much of its outside lies within the sequence: 1, but less near the ends. The root, whose
// outside the threshold stands for, has 1. docs/core.md gives the reasons.
//
// Throws std::invalid_argument where sizes disagree.
std::vector<double> component_gains(std::span<const Component> tree,
                                    std::span<const double> contrasts);

// Indices, ascending, of pairwise disjoint components with the largest sum of `gains` that such a
// set can have. A component that gains nothing is never among them; one that gains exactly as much
// as the best set of its descendants is taken for them. O(tree), by dynamic programming from the
// leaves to the root, without recursion.
//
// Throws std::invalid_argument where sizes disagree, a gain isn't finite, or a component doesn't
// come after its parent.
std::vector<std::size_t> select_components(std::span<const Component> tree,
                                           std::span<const double> gains);

// The selected components of each of `classes`, in their order; those of a class are disjoint and
// in order of time. The curve is the class's margin, score - threshold, and levels below zero count
// like those above. The gains are those of the gate, sigmoid(margin) - 1/2, whose tree is the same:
// margins far from the threshold differ without saying more. Arguments are as of extract_segments;
// components of less than `minimum_snippets`, and those that take no time, gain nothing, so that
// others may take their place.
//
// With Boundary::crossing a component starts and ends where the margin, linear between snippet
// centres, passes the level half way between its own and its parent's, the middle of the levels
// that have this component; at the video's ends, at the edge. Run::contrast is the margin's.
//
// Throws as extract_segments.
std::vector<Run> extract_components(const Matrix& scores, const Matrix& threshold,
                                    std::span<const double> edges,
                                    std::span<const std::int64_t> classes, Boundary boundary,
                                    std::size_t minimum_snippets);

}  // namespace lpat
