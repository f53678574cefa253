// Grey pictures, between which optical flow is computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lpat {

// Grey pictures of one size, one after the other, each row by row.
struct Frames {
  std::span<const std::uint8_t> values;
  std::size_t count;
  std::size_t height;
  std::size_t width;
};

}  // namespace lpat
