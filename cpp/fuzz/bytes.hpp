// What a fuzz target makes of its bytes: small inputs in which ties, duplicates, touching and empty
// segments are common.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : rest_(data, size) {
    odd_ = one_in(4);
    step_ = std::array{1.0, 0.5, 0.64, 0.1, 1.0 / 3}[below(5)];
  }

  // Zeros follow the last byte, and zeros are the plainest choice everywhere.
  std::uint8_t next() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  std::size_t below(std::size_t count) { return next() % count; }
  bool one_in(std::size_t count) { return below(count) == count - 1; }

  // A whole multiple, in [low, high], of the input's step. One input in four is odd: in it, one
  // number in sixteen may be any, NaN and the infinities among them.
  template <typename Number>
  Number number(int low, int high) {
    if (odd_ && one_in(16)) return odd_number<Number>();
    const int multiple = low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
    return static_cast<Number>(multiple * step_);
  }

  // In [0, count), or, where the input is odd, one in sixteen just or far outside.
  std::int64_t index(std::size_t count) {
    if (odd_ && one_in(16)) {
      using Limits = std::numeric_limits<std::int64_t>;
      return std::array{std::int64_t{-1}, static_cast<std::int64_t>(count), Limits::min(),
                        Limits::max()}[below(4)];
    }
    return count == 0 ? 0 : static_cast<std::int64_t>(below(count));
  }

  // Whether to break a rule here: never, unless the input is odd.
  bool breaks() { return odd_ && one_in(16); }

 private:
  template <typename Number>
  Number odd_number() {
    using Limits = std::numeric_limits<Number>;
    const std::array usual{Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(),
                           Limits::max(),       Limits::lowest(),   Limits::denorm_min(),
                           Limits::epsilon(),   Number{-0.0}};
    const std::size_t choice = below(2 * usual.size());
    if (choice < usual.size()) return usual[choice];
    std::array<std::uint8_t, sizeof(Number)> bits;
    for (auto& byte : bits) byte = next();
    Number number;
    std::memcpy(&number, bits.data(), sizeof number);
    return number;
  }

  std::span<const std::uint8_t> rest_;
  bool odd_ = false;
  double step_ = 1;
};
