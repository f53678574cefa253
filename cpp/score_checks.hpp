// What every way from scores to segments asks of its input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lpat/segments.hpp"

namespace lpat {

// Throws std::invalid_argument as extract_segments says.
void require_scores(const Matrix& scores, const Matrix& threshold, std::span<const double> edges,
                    std::span<const std::int64_t> classes, std::size_t minimum_snippets);

}  // namespace lpat
