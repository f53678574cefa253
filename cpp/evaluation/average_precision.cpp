#include "evaluation/average_precision.hpp"

#include <algorithm>
#include <cmath>

#include "lpat/evaluation.hpp"

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

std::vector<double> mean_over_classes(std::span<const double> precisions, std::size_t tious) {
  std::vector<double> means(tious, 0);
  for (std::size_t k = 0; k < tious; ++k) {
    std::size_t count = 0;
    for (std::size_t i = k; i < precisions.size(); i += tious) {
      if (std::isnan(precisions[i])) continue;
      means[k] += precisions[i];
      ++count;
    }
    means[k] /= static_cast<double>(std::max<std::size_t>(count, 1));
  }
  return means;
}

}  // namespace lpat
