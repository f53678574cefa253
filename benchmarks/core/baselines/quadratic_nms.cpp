// Non-maximum suppression of one class by the plain loop: each segment that stays is compared with
// all of lower score that are left. The baseline of benchmarks/core/suppression.py.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

// Writes the indices that stay to `kept`, best first, and returns their count. `segments` holds
// count pairs of start and end.
extern "C" std::int64_t quadratic_nms(const double* segments, const double* scores,
                                      std::int64_t count, double tiou, std::int64_t* kept) {
  const auto n = static_cast<std::size_t>(count);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<double> starts;
  std::vector<double> ends;
  for (const std::size_t i : order) {
    starts.push_back(segments[2 * i]);
    ends.push_back(segments[2 * i + 1]);
  }
  std::vector<char> suppressed(n, 0);
  std::int64_t size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (suppressed[i]) continue;
    kept[size++] = static_cast<std::int64_t>(order[i]);
    for (std::size_t j = i + 1; j < n; ++j) {
      if (suppressed[j]) continue;
      const double shared =
          std::max(0.0, std::min(ends[i], ends[j]) - std::max(starts[i], starts[j]));
      const double together = (ends[j] - starts[j]) + (ends[i] - starts[i]) - shared;
      if (together > 0 && shared / together > tiou) suppressed[j] = 1;
    }
  }
  return size;
}
