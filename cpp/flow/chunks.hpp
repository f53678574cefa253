// Pairs of frames are shared out among threads in chunks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>

namespace lpat::flow {

// Pairs that one thread computes one after the other, at most.
inline constexpr std::size_t longest_chunk = 16;

// How many, so that all of so many `threads` have some to compute; 0 are one for each core.
inline std::size_t chunk_of(std::size_t pairs, std::size_t threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  return std::min(longest_chunk, (pairs + threads - 1) / threads);
}

}  // namespace lpat::flow
