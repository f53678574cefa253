#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "lpat/component_tree.hpp"
#include "segments/class_scores.hpp"
#include "segments/score_checks.hpp"

namespace lpat {
namespace {

struct Span {
  double start;
  double end;
};

Span span_of(const Component& component, std::span<const Component> tree,
             std::span<const double> margins, std::span<const double> edges, Boundary boundary) {
  const auto first = static_cast<std::size_t>(component.first);
  const auto stop = static_cast<std::size_t>(component.stop);
  Span span{edges[first], edges[stop]};
  if (boundary == Boundary::snippet || component.parent == no_parent) return span;
  const double level =
      std::midpoint(tree[static_cast<std::size_t>(component.parent)].level, component.level);
  const auto pass = [&](std::size_t t) {
    return crossing(edges, t, margins[t] - level, margins[t + 1] - level);
  };
  if (first > 0) span.start = pass(first - 1);
  if (stop < margins.size()) span.end = pass(stop - 1);
  return span;
}

// The component's readings over its snippets; its class, time and contrast are left open.
Run measure(const Component& component, std::span<const double> margins,
            std::span<const double> gates, const Matrix& scores, std::size_t column) {
  Run run;
  run.first = component.first;
  run.stop = component.stop;
  run.maximum_score = -std::numeric_limits<double>::infinity();
  for (auto t = static_cast<std::size_t>(run.first); t < static_cast<std::size_t>(run.stop); ++t) {
    run.mean_probability += gates[t];
    run.mean_margin += margins[t];
    run.maximum_score = std::max<double>(run.maximum_score, scores(t, column));
  }
  const auto length = static_cast<double>(run.stop - run.first);
  run.mean_probability /= length;
  run.mean_margin /= length;
  return run;
}

}  // namespace

std::vector<Run> extract_components(const Matrix& scores, const Matrix& threshold,
                                    std::span<const double> edges,
                                    std::span<const std::int64_t> classes, Boundary boundary,
                                    std::size_t minimum_snippets) {
  require_class_scores(scores, threshold, edges, classes, minimum_snippets);
  require_finite_rows(scores, 0, scores.rows, "scores");
  require_finite_rows(threshold, 0, scores.rows, "threshold");
  std::vector<Run> runs;
  std::vector<double> margins(scores.rows);
  std::vector<double> gates(scores.rows);          // sigmoid(margin)
  std::vector<double> centred_gates(scores.rows);  // 0 at the threshold
  std::vector<Span> spans;
  for (const auto label : classes) {
    const auto column = static_cast<std::size_t>(label);
    const std::size_t threshold_column = threshold.columns == 1 ? 0 : column;
    for (std::size_t t = 0; t < scores.rows; ++t) {
      margins[t] = static_cast<double>(scores(t, column)) - threshold(t, threshold_column);
      gates[t] = 1 / (1 + std::exp(-margins[t]));
      centred_gates[t] = gates[t] - 0.5;
    }
    const auto tree = component_tree(margins);
    const auto contrasts = component_contrasts(margins, tree);
    auto gains = component_gains(tree, component_contrasts(centred_gates, tree));
    spans.clear();
    for (std::size_t i = 0; i < tree.size(); ++i) {
      spans.push_back(span_of(tree[i], tree, margins, edges, boundary));
      const auto length = static_cast<std::size_t>(tree[i].stop - tree[i].first);
      if (length < minimum_snippets || !(spans[i].start < spans[i].end)) gains[i] = 0;
    }
    for (const std::size_t i : select_components(tree, gains)) {
      Run run = measure(tree[i], margins, gates, scores, column);
      run.class_index = label;
      run.start = spans[i].start;
      run.end = spans[i].end;
      run.contrast = contrasts[i];
      runs.push_back(run);
    }
  }
  return runs;
}

}  // namespace lpat
