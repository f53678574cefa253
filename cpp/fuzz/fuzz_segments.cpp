// extract_segments against its naive twin.
#include <algorithm>
#include <cmath>
#include <vector>

#include "bytes.hpp"
#include "expect.hpp"
#include "naive_segments.hpp"

namespace {

std::vector<float> matrix_values(Bytes& bytes, std::size_t rows, std::size_t columns, int middle) {
  std::vector<float> values(rows * columns);
  for (auto& value : values) value = bytes.number<float>(middle - 2, middle + 2);
  return values;
}

std::vector<double> snippet_edges(Bytes& bytes, std::size_t rows) {
  std::vector<double> edges{bytes.number<double>(-1, 1)};
  for (std::size_t t = 0; t < rows; ++t) {
    const double previous = edges.back();
    edges.push_back(bytes.breaks() ? bytes.number<double>(-1, 1)
                                   : previous + bytes.number<double>(0, 2));
  }
  if (bytes.breaks()) edges.pop_back();
  return edges;
}

double largest(const std::vector<float>& values) {
  double largest = 1;
  for (const float value : values) largest = std::max<double>(largest, std::abs(value));
  return largest;
}

void expect_equal(const std::vector<lpat::Run>& runs, const std::vector<lpat::Run>& expected,
                  double score_scale, double time_scale) {
  expect(runs.size() == expected.size(), std::to_string(expected.size()) + " runs, not " +
                                             std::to_string(runs.size()));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const lpat::Run& run = runs[i];
    const lpat::Run& twin = expected[i];
    const std::string place = "run " + std::to_string(i);
    expect(run.class_index == twin.class_index && run.first == twin.first && run.stop == twin.stop,
           place + " of the same class and snippets");
    expect_near(run.start, twin.start, time_scale, place + " to start at");
    expect_near(run.end, twin.end, time_scale, place + " to end at");
    // Known to a millionth of it.
    expect_near(run.mean_probability, twin.mean_probability, 1000 * twin.mean_probability,
                place + " of mean probability");
    expect_near(run.mean_margin, twin.mean_margin, score_scale, place + " of mean margin");
    expect(run.maximum_score == twin.maximum_score, place + " of the same maximum");
    expect_near(run.contrast, twin.contrast, score_scale, place + " of contrast");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const bool large = bytes.one_in(8);  // more classes and snippets than are computed at once
  const std::size_t rows = bytes.below(!large ? 13 : bytes.one_in(8) ? 200 : 48);
  const std::size_t columns = 1 + bytes.below(large ? 48 : 3);
  const std::size_t threshold_columns = bytes.breaks() ? 2 : bytes.below(2) == 0 ? 1 : columns;
  const auto boundary = bytes.below(2) == 0 ? lpat::Boundary::snippet : lpat::Boundary::crossing;
  const std::size_t minimum_snippets = bytes.breaks() ? 0 : 1 + (bytes.one_in(4) ? bytes.below(4) : 0);
  const bool all = bytes.below(2) == 0;
  std::vector<std::int64_t> classes(bytes.breaks() ? 0 : all ? columns : 1 + bytes.below(columns));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = all ? static_cast<std::int64_t>(i) : bytes.index(columns);
  }
  const int lowering = bytes.one_in(2) ? static_cast<int>(bytes.below(5)) : 0;  // for long runs
  auto score_values = matrix_values(bytes, rows, columns, 0);
  auto threshold_values = matrix_values(bytes, rows, threshold_columns, -lowering);
  if (rows > 0 && bytes.breaks()) score_values.pop_back();
  if (rows > 0 && bytes.breaks()) threshold_values.pop_back();
  const auto edges = snippet_edges(bytes, rows);
  const lpat::Matrix scores{score_values, rows, columns};
  const lpat::Matrix threshold{threshold_values, rows - (rows > 0 && bytes.breaks()),
                               threshold_columns};

  const auto runs = unless_refused([&] {
    return lpat::extract_segments(scores, threshold, edges, classes, boundary, minimum_snippets);
  });
  const bool accepted = acceptable(scores, threshold, edges, classes, minimum_snippets);
  expect(runs.has_value() == accepted, accepted ? "no refusal" : "a refusal");
  if (!runs) return 0;
  expect_equal(*runs,
               naive_segments(scores, threshold, edges, classes, boundary, minimum_snippets),
               std::max(largest(score_values), largest(threshold_values)),
               std::max({1.0, std::abs(edges.front()), std::abs(edges.back())}));
  return 0;
}
