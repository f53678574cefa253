// Fails unless the installed library finds the run that is there.
#include <iostream>
#include <vector>

#include "lpat/segments.hpp"

int main() {
  const std::vector<float> scores{0, 2, 1, 0};
  const std::vector<float> threshold{1, 1, 0, 0};
  const std::vector<double> edges{0, 0.64, 1.28, 1.92, 2.56};
  const std::vector<std::int64_t> classes{0};
  const auto runs = lpat::extract_segments({scores, 4, 1}, {threshold, 4, 1}, edges, classes,
                                           lpat::Boundary::snippet, 1);
  for (const auto& run : runs) std::cout << run.start << " - " << run.end << " s\n";
  return runs.size() == 1 && runs[0].start == 0.64 && runs[0].end == 1.92 ? 0 : 1;
}
