#include "segments/score_checks.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "segments/simd_loops.hpp"

namespace lpat {
namespace {

void require_shape(const Matrix& matrix, const std::string& name) {
  const bool fits = matrix.rows == 0 || matrix.columns == 0
                        ? matrix.values.empty()
                        : matrix.values.size() % matrix.columns == 0 &&
                              matrix.values.size() / matrix.columns == matrix.rows;
  if (!fits) {
    throw std::invalid_argument(name + " must have " + std::to_string(matrix.rows) + " x " +
                                std::to_string(matrix.columns) + " values, not " +
                                std::to_string(matrix.values.size()));
  }
}

void require_edges(std::span<const double> edges, std::size_t snippets) {
  if (edges.size() != snippets + 1) {
    throw std::invalid_argument("edges must have " + std::to_string(snippets + 1) +
                                " elements, one more than snippets, not " +
                                std::to_string(edges.size()));
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!std::isfinite(edges[i])) {
      throw std::invalid_argument("edges must be finite, but edges[" + std::to_string(i) +
                                  "] isn't");
    }
    if (i > 0 && edges[i] < edges[i - 1]) {
      throw std::invalid_argument("edges must not decrease, but edges[" + std::to_string(i) +
                                  "] does");
    }
  }
}

void require_classes(std::span<const std::int64_t> classes, std::size_t columns) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] < 0 || static_cast<std::size_t>(classes[i]) >= columns) {
      throw std::invalid_argument("classes[" + std::to_string(i) + "] must be a column of the " +
                                  std::to_string(columns) + " scores, not " +
                                  std::to_string(classes[i]));
    }
  }
}

}  // namespace

void require_finite_rows(const Matrix& matrix, std::size_t first, std::size_t stop,
                         const std::string& name) {
  const std::size_t offset = first * matrix.columns;
  const auto values = matrix.values.subspan(offset, (stop - first) * matrix.columns);
  if (!any_infinite(values.data(), values.size())) return;
  const auto place = std::ranges::find_if_not(values, [](float x) { return std::isfinite(x); });
  const std::size_t i = offset + static_cast<std::size_t>(place - values.begin());
  throw std::invalid_argument(name + " must be finite, but " + name + "[" +
                              std::to_string(i / matrix.columns) + ", " +
                              std::to_string(i % matrix.columns) + "] isn't");
}

void require_class_scores(const Matrix& scores, const Matrix& threshold,
                          std::span<const double> edges, std::span<const std::int64_t> classes,
                          std::size_t minimum_snippets) {
  require_shape(scores, "scores");
  require_shape(threshold, "threshold");
  if (threshold.rows != scores.rows ||
      (threshold.columns != 1 && threshold.columns != scores.columns)) {
    throw std::invalid_argument("threshold must have one value per snippet or per score");
  }
  if (minimum_snippets == 0) {
    throw std::invalid_argument("minimum_snippets must be positive, not 0");
  }
  require_edges(edges, scores.rows);
  require_classes(classes, scores.columns);
}

}  // namespace lpat
