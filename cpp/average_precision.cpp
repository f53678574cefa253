#include "lpat/average_precision.hpp"

#include <algorithm>

#include "lpat/match.hpp"

namespace lpat {

double average_precision(std::span<const std::int64_t> matches, std::size_t truths,
                         bool interpolated) {
  auto found = std::ranges::count_if(matches, [](std::int64_t match) { return match >= 0; });
  auto rank = std::ssize(matches) - std::ranges::count(matches, dropped_detection);
  double envelope = 0;
  double sum = 0;
  // From the worst detection up, so that the envelope is the running maximum. Recall grows, by
  // 1 / truths, at true detections only.
  for (auto match = matches.rbegin(); found > 0; ++match) {
    if (*match == dropped_detection) continue;
    if (*match >= 0) {
      const double precision = static_cast<double>(found) / static_cast<double>(rank);
      envelope = std::max(envelope, precision);
      sum += interpolated ? envelope : precision;
      --found;
    }
    --rank;
  }
  return sum / static_cast<double>(truths);
}

}  // namespace lpat
