#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "check.hpp"
#include "lpat/component_tree.hpp"

namespace {

using lpat::Boundary;
using lpat::Component;
using lpat::no_parent;

struct Node {
  double level;
  std::int64_t first;
  std::int64_t stop;
  std::int64_t parent;
};

bool same(const std::vector<Component>& tree, const std::vector<Node>& expected) {
  if (tree.size() != expected.size()) return false;
  for (std::size_t i = 0; i < tree.size(); ++i) {
    if (tree[i].level != expected[i].level || tree[i].first != expected[i].first ||
        tree[i].stop != expected[i].stop || tree[i].parent != expected[i].parent) {
      return false;
    }
  }
  return true;
}

std::vector<Component> tree_of(const std::vector<double>& values) {
  return lpat::component_tree(values);
}

std::vector<std::size_t> selection_of(const std::vector<double>& values,
                                      const std::vector<double>& gains) {
  return lpat::select_components(lpat::component_tree(values), gains);
}

std::vector<lpat::Run> runs_of(const std::vector<float>& scores,
                               const std::vector<double>& edges,
                               Boundary boundary = Boundary::snippet,
                               std::size_t minimum_snippets = 1) {
  const std::vector<float> threshold(scores.size(), 0);
  const std::vector<std::int64_t> classes{0};
  return lpat::extract_components({scores, scores.size(), 1}, {threshold, threshold.size(), 1},
                                  edges, classes, boundary, minimum_snippets);
}

std::vector<double> seconds(std::size_t snippets) {
  std::vector<double> edges(snippets + 1);
  std::iota(edges.begin(), edges.end(), 0.0);
  return edges;
}

void every_component_stands_once_after_its_parent() {
  CHECK(same(tree_of({1, 3, 2, 0, 2, 2, 4}), {{0, 0, 7, no_parent},
                                              {1, 0, 3, 0},
                                              {2, 1, 3, 1},
                                              {3, 1, 2, 2},
                                              {2, 4, 7, 0},
                                              {4, 6, 7, 4}}));
}

void plateaus_are_one_component() {
  CHECK(same(tree_of({5, 5, 5}), {{5, 0, 3, no_parent}}));
  CHECK(same(tree_of({2, 2, 1, 2, 2}), {{1, 0, 5, no_parent}, {2, 0, 2, 0}, {2, 3, 5, 0}}));
  // The lower plateau is parted by what is higher, and still one.
  CHECK(same(tree_of({1, 2, 1, 2, 1}), {{1, 0, 5, no_parent}, {2, 1, 2, 0}, {2, 3, 4, 0}}));
}

void monotone_values_are_a_chain() {
  CHECK(same(tree_of({1, 2, 3}), {{1, 0, 3, no_parent}, {2, 1, 3, 0}, {3, 2, 3, 1}}));
  CHECK(same(tree_of({3, 2, 1}), {{1, 0, 3, no_parent}, {2, 0, 2, 0}, {3, 0, 1, 1}}));
}

void the_smallest_sequences_have_trees() {
  CHECK(tree_of({}).empty());
  CHECK(same(tree_of({-7}), {{-7, 0, 1, no_parent}}));
  CHECK(lpat::select_components({}, {}).empty());
}

void contrast_is_inside_minus_just_outside() {
  const std::vector<double> values{0, 1, 4, 6, 5, 5, 4, 6, 5, 5, 2, 0};
  const auto tree = lpat::component_tree(values);
  const auto contrasts = lpat::component_contrasts(values, tree);
  CHECK_NEAR(contrasts[0], 43.0 / 12);  // the root, against 0
  CHECK(tree[3].first == 2 && tree[3].stop == 10);
  CHECK_NEAR(contrasts[3], 5 - (0 + 1 + 2 + 0) / 4.0);  // two on either side
  CHECK(tree[1].first == 1 && tree[1].stop == 11);
  CHECK_NEAR(contrasts[1], 4.3 - 0);  // two on either side, clipped to one
}

void gain_is_contrast_squared_by_length_and_share_of_the_outside() {
  const std::vector<double> values{-1, 1, 1, 1, 1, 1, 1, 1, 1};
  const auto tree = lpat::component_tree(values);
  const auto gains = lpat::component_gains(tree, lpat::component_contrasts(values, tree));
  CHECK(gains.size() == 2);
  CHECK_NEAR(gains[0], (7.0 / 9) * (7.0 / 9) * 9);
  CHECK_NEAR(gains[1], 2 * 2 * 8 * (1.0 / 4));  // of two snippets on either side, one is there
  const std::vector<double> contrasts{-2, 0};
  CHECK_NEAR(lpat::component_gains(tree, contrasts)[0], -4 * 9);
}

void the_best_disjoint_set_is_selected() {
  // Tree: 0 around 1 and 3; 1 around 2; 3 around 4 and 5.
  const std::vector<double> values{1, 2, 0, 3, 2, 3};
  CHECK(same(tree_of(values), {{0, 0, 6, no_parent},
                               {1, 0, 2, 0},
                               {2, 1, 2, 1},
                               {2, 3, 6, 0},
                               {3, 3, 4, 3},
                               {3, 5, 6, 3}}));
  CHECK((selection_of(values, {9, 1, 3, 4, 2, 3}) == std::vector<std::size_t>{0}));
  CHECK((selection_of(values, {7, 1, 3, 4, 2, 3}) == std::vector<std::size_t>{2, 4, 5}));
  CHECK((selection_of(values, {8, 3, 3, 5, 2, 3}) == std::vector<std::size_t>{0}));  // 8 = 3 + 5
  CHECK((selection_of(values, {7, 3, 3, 5, 2, 3}) == std::vector<std::size_t>{1, 3}));
  CHECK((selection_of(values, {-1, -1, 0, -1, 1, 0}) == std::vector<std::size_t>{4}));
  CHECK(selection_of(values, {0, 0, 0, 0, 0, 0}).empty());
}

void a_long_chain_needs_no_recursion() {
  constexpr std::size_t snippets = 1'000'000;
  std::vector<double> values(snippets);
  std::iota(values.begin(), values.end(), 0.0);
  const auto tree = lpat::component_tree(values);
  CHECK(tree.size() == snippets);
  CHECK(tree.back().first == snippets - 1 && tree.back().parent == snippets - 2);
  std::vector<double> gains(snippets, 0);
  gains.back() = 1;
  CHECK((lpat::select_components(tree, gains) == std::vector<std::size_t>{snippets - 1}));
  gains.front() = 1;
  CHECK((lpat::select_components(tree, gains) == std::vector<std::size_t>{0}));
}

void proposals_have_the_readings_of_runs() {
  // All lies below the threshold, and the bump stands out all the same.
  const auto runs = runs_of({-5, -5, -2, -1, -5, -5}, seconds(6));
  CHECK(runs.size() == 1);
  CHECK(runs[0].first == 2 && runs[0].stop == 4);
  CHECK(runs[0].start == 2 && runs[0].end == 4);
  CHECK_NEAR(runs[0].mean_margin, -1.5);
  CHECK_NEAR(runs[0].maximum_score, -1);
  CHECK_NEAR(runs[0].contrast, 3.5);
  CHECK_NEAR(runs[0].mean_probability, (1 / (1 + std::exp(2.0)) + 1 / (1 + std::exp(1.0))) / 2);
}

void crossings_are_half_way_to_the_level_of_the_parent() {
  // The levels of the component are (-1, 3], so the curve is cut at 1: half of the way from -1 to 3,
  // and a quarter of the way from 3 to -5.
  const auto runs = runs_of({-1, 3, 3, -5}, seconds(4), Boundary::crossing);
  CHECK(runs.size() == 1);
  CHECK_NEAR(runs[0].start, 1.0);
  CHECK_NEAR(runs[0].end, 2.75);
  const auto whole = runs_of({3, 3}, seconds(2), Boundary::crossing);
  CHECK(whole.size() == 1 && whole[0].start == 0 && whole[0].end == 2);
  const auto early = runs_of({3, 3, -1, -1, -1}, seconds(5), Boundary::crossing);
  CHECK(early.size() == 1 && early[0].start == 0);
  CHECK_NEAR(early[0].end, 2.0);
}

void short_components_leave_their_place_to_others() {
  const std::vector<float> scores{-4, 1, 0, 3, -4, -4};
  const auto runs = runs_of(scores, seconds(6), Boundary::snippet, 2);
  CHECK(runs.size() == 1 && runs[0].first == 1 && runs[0].stop == 4);
  CHECK(runs_of({}, {0}).empty());
  CHECK(runs_of({-4, 3}, {0, 2, 2}).empty());  // what stands out takes no time
}

void broken_input_is_refused() {
  CHECK_REFUSES(tree_of({0, NAN}), "values[1]");
  CHECK_REFUSES(tree_of({-INFINITY, 0}), "values[0]");
  CHECK_REFUSES(selection_of({0, 1}, {0}), "gains must have 2 elements");
  CHECK_REFUSES(selection_of({0, 1}, {0, INFINITY}), "gains[1]");
  const std::vector<Component> self{{0, 0, 1, 0}};
  const std::vector<double> gain{1};
  CHECK_REFUSES(lpat::select_components(self, gain), "component 0 must come after its parent");
  const std::vector<Component> outside{{0, 0, 2, no_parent}};
  CHECK_REFUSES(lpat::component_contrasts(gain, outside), "component 0 must lie within the 1");
  CHECK_REFUSES(lpat::component_gains(outside, {}), "contrasts must have 1 elements");
  CHECK_REFUSES(runs_of({0, NAN}, {0, 1, 2}), "scores[1, 0]");
  CHECK_REFUSES(runs_of({0, 0}, {0, 2, 1}), "edges[2]");
  CHECK_REFUSES(runs_of({0, 0}, {0, 2}), "must have 3");
  CHECK_REFUSES(runs_of({0}, {0, 1}, Boundary::snippet, 0), "minimum_snippets");
}

}  // namespace

int main() {
  every_component_stands_once_after_its_parent();
  plateaus_are_one_component();
  monotone_values_are_a_chain();
  the_smallest_sequences_have_trees();
  contrast_is_inside_minus_just_outside();
  gain_is_contrast_squared_by_length_and_share_of_the_outside();
  the_best_disjoint_set_is_selected();
  a_long_chain_needs_no_recursion();
  proposals_have_the_readings_of_runs();
  crossings_are_half_way_to_the_level_of_the_parent();
  short_components_leave_their_place_to_others();
  broken_input_is_refused();
  return failures;
}
