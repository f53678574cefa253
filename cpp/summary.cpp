#include "lpat/summary.hpp"

#include <algorithm>
#include <cmath>

namespace lpat {

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
