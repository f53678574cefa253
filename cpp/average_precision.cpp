#include "lpat/average_precision.hpp"

#include <algorithm>

namespace lpat {

double average_precision(std::span<const std::size_t> ranks, std::size_t truths,
                         bool interpolated) {
  double envelope = 0;
  double sum = 0;
  // From the worst up, so that the envelope is the running maximum. Recall grows, by 1 / truths,
  // at true detections only.
  for (std::size_t found = ranks.size(); found > 0; --found) {
    const double precision =
        static_cast<double>(found) / static_cast<double>(ranks[found - 1] + 1);
    envelope = std::max(envelope, precision);
    sum += interpolated ? envelope : precision;
  }
  return sum / static_cast<double>(truths);
}

}  // namespace lpat
