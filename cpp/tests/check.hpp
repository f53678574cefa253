// A test is a function; a failed check names its line and makes the program fail.
#pragma once

#include <cmath>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>

inline int failures = 0;

inline void check(bool holds, const char* expression, const char* file, int line) {
  if (holds) return;
  std::cerr << file << ":" << line << ": expected " << expression << "\n";
  ++failures;
}

inline void check_near(double value, double expected, double tolerance, const char* file,
                       int line) {
  if (std::abs(value - expected) <= tolerance) return;
  std::cerr << file << ":" << line << ": expected " << expected << ", not " << value << "\n";
  ++failures;
}

inline void check_refuses(const std::function<void()>& call, const std::string& part,
                          const char* file, int line) {
  std::string message = "nothing thrown";
  try {
    call();
  } catch (const std::invalid_argument& error) {
    message = error.what();
  }
  if (message.find(part) != std::string::npos) return;
  std::cerr << file << ":" << line << ": expected \"" << part << "\", not \"" << message << "\"\n";
  ++failures;
}

#define CHECK(expression) check((expression), #expression, __FILE__, __LINE__)
#define CHECK_NEAR(value, expected) CHECK_WITHIN(1e-12, value, expected)
#define CHECK_WITHIN(tolerance, value, expected) \
  check_near((value), (expected), (tolerance), __FILE__, __LINE__)
#define CHECK_REFUSES(call, part) check_refuses([&] { (void)(call); }, (part), __FILE__, __LINE__)
