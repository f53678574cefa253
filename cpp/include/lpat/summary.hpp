// What average precisions of classes come to.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lpat {

// Mean over the classes of row-major (classes, tious), at each threshold. Classes that are left out,
// which have NaN, don't count; where no class counts, 0.
std::vector<double> mean_over_classes(std::span<const double> precisions, std::size_t tious);

}  // namespace lpat
