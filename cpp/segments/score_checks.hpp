// Checks of scores, thresholds and times. Each throws std::invalid_argument that names the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "lpat/segments.hpp"

namespace lpat {

// All that extract_segments and extract_components expect, but for the scores and thresholds to be
// finite.
void require_class_scores(const Matrix& scores, const Matrix& threshold,
                          std::span<const double> edges, std::span<const std::int64_t> classes,
                          std::size_t minimum_snippets);

// The values of rows [first, stop) are finite: "NAME must be finite, but NAME[3, 0] isn't".
void require_finite_rows(const Matrix& matrix, std::size_t first, std::size_t stop,
                         const std::string& name);

}  // namespace lpat
