// How a fuzz target fails: by an exception that nothing in the library throws.
#pragma once

#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

inline void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("expected " + what);
}

inline void expect_near(double value, double expected, double scale, const std::string& what) {
  if (value == expected || (std::isnan(value) && std::isnan(expected))) return;
  if (std::abs(value - expected) <= 1e-9 * scale) return;
  throw std::runtime_error("expected " + what + " " + std::to_string(expected) + ", not " +
                           std::to_string(value));
}

// The call's result, or nothing where it refuses its input. All else that it throws is a failure.
template <typename Call>
auto unless_refused(Call call) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}
