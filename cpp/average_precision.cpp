#include "lpat/average_precision.hpp"

#include <algorithm>

namespace lpat {

double interpolated_average_precision(std::span<const std::int64_t> matches, std::size_t truths) {
  auto found = std::ranges::count_if(matches, [](std::int64_t match) { return match >= 0; });
  double envelope = 0;
  double sum = 0;
  // From the worst detection up, so that the envelope is the running maximum. Recall grows, by
  // 1 / truths, at true detections only.
  for (std::size_t rank = matches.size(); found > 0; --rank) {
    if (matches[rank - 1] < 0) continue;
    envelope = std::max(envelope, static_cast<double>(found) / static_cast<double>(rank));
    sum += envelope;
    --found;
  }
  return sum / static_cast<double>(truths);
}

}  // namespace lpat
