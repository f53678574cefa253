#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"
#include "lpat/motion.hpp"
#include "naive_motion.hpp"

namespace {

// Fields of smooth motion with some noise, and a block that moves otherwise.
std::vector<float> drawn(std::size_t count, std::size_t height, std::size_t width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 0.2);
  std::vector<float> values;
  for (std::size_t plane = 0; plane < 2 * count; ++plane) {
    const double phase = static_cast<double>(random() % 100);
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const bool block = y > height / 3 && y < height / 2 && x < width / 3;
        const double wave = std::sin(0.2 * static_cast<double>(x) + phase) *
                            std::cos(0.15 * static_cast<double>(y) - phase);
        values.push_back(static_cast<float>(wave + noise(random) + (block ? 4 : 0)));
      }
    }
  }
  return values;
}

naive::Field field_of(const std::vector<float>& values, std::size_t index, std::size_t height,
                      std::size_t width) {
  const auto pixels = static_cast<std::ptrdiff_t>(height * width);
  const auto begin = values.begin() + 2 * static_cast<std::ptrdiff_t>(index) * pixels;
  return {height, width, {begin, begin + pixels}, {begin + pixels, begin + 2 * pixels}};
}

template <typename Expected>
void check_all(std::span<const float> values, const Expected& expected, double tolerance) {
  CHECK(values.size() == expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK_WITHIN(tolerance * largest, values[i], expected[i]);
  }
}

void it_agrees_with_the_plain_twin(std::size_t height, std::size_t width, std::size_t rows,
                                   std::size_t columns) {
  constexpr std::size_t count = 3;
  const auto values = drawn(count, height, width, static_cast<unsigned>(height + rows));
  lpat::MotionOptions options;
  options.rows = rows;
  options.columns = columns;
  const auto found = lpat::describe_motion({values, count, height, width}, options);
  const std::size_t cells = rows * columns * lpat::motion_channels;
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = field_of(values, i, height, width);
    const auto camera = naive::camera(field);
    check_all(std::span(found.camera).subspan(6 * i, 6), camera, 1e-5);
    const auto expected = naive::statistics(field, camera, rows, columns, options.still);
    check_all(std::span(found.cells).subspan(cells * i, cells), expected.cells, 1e-5);
    check_all(std::span(found.centred).subspan(72 * i, 72), expected.centred, 1e-5);
    check_all(std::span(found.focus).subspan(7 * i, 7), expected.focus, 1e-5);
  }
}

void instruction_sets_agree() {
  for (const std::size_t width : {std::size_t{80}, std::size_t{37}}) {
    const auto values = drawn(2, 60, width, 1);
    const lpat::FlowFields fields{values, 2, 60, width};
    const lpat::FlowScaling scaling{1.3F, 0.6F, 2};
    const auto expected = lpat::describe_motion(fields, {}, "portable");
    const std::size_t even = width / 2 * 2;
    const auto flow = std::span(values).first(120 * even * 2);
    const auto halves = lpat::halve_flow(flow, 120, even, scaling, "portable");
    CHECK(lpat::motion_instruction_sets().front() == "portable");
    for (const auto& set : lpat::motion_instruction_sets()) {
      const auto found = lpat::describe_motion(fields, {}, set);
      CHECK(found.cells == expected.cells);
      CHECK(found.centred == expected.centred);
      CHECK(found.camera == expected.camera);
      CHECK(found.focus == expected.focus);
      CHECK(lpat::camera_motion(fields, set) == expected.camera);
      CHECK(lpat::halve_flow(flow, 120, even, scaling, set) == halves);
    }
  }
}

void what_is_not_asked_for_is_zero() {
  const auto values = drawn(1, 20, 24, 2);
  lpat::MotionOptions options;
  const auto all = lpat::describe_motion({values, 1, 20, 24}, options);
  options.boundaries = options.kinematics = options.centred = false;
  const auto less = lpat::describe_motion({values, 1, 20, 24}, options);
  for (std::size_t i = 0; i < all.cells.size(); ++i) {
    const std::size_t channel = i % lpat::motion_channels;
    const bool asked = channel < lpat::motion_boundaries || channel >= lpat::motion_net;
    CHECK(less.cells[i] == (asked ? all.cells[i] : 0));
  }
  CHECK(less.camera == all.camera);
  CHECK(less.focus == all.focus);
  CHECK(std::ranges::all_of(less.centred, [](float value) { return value == 0; }));
}

// Ties, an even and an odd number of samples, negative values and both zeros.
void the_median_is_the_middle() {
  const float values[] = {-3, -1, 0, -0.0F, 0.5F, 2, 2, 2, 7};
  std::mt19937 random(3);
  for (const std::size_t width : {std::size_t{8}, std::size_t{11}}) {  // 4 and 6 samples
    for (int round = 0; round < 200; ++round) {
      std::vector<float> field(2 * 8 * width);
      for (float& value : field) value = values[random() % 9];
      const auto camera = naive::camera(field_of(field, 0, 8, width));
      check_all(lpat::camera_motion({field, 1, 8, width}), camera, 1e-4);
    }
  }
}

void flow_is_halved_scaled_and_limited() {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> flow{1, 10, 3, 20, infinity, 0, -infinity, 0,   //
                                5, 30, 7, 40, 0,        0, 0,         -9};  // (2, 4, 2)
  const auto field = lpat::halve_flow(flow, 2, 4, {2, 1, 20});
  CHECK((field == std::vector<float>{8, 0, 20, -2.25F}));
}

// Nothing outside the field is read, and all ends.
void values_that_are_no_numbers_lead_nowhere() {
  for (const float odd : {std::nanf(""), std::numeric_limits<float>::infinity(), 1e38F}) {
    auto values = drawn(1, 16, 16, 4);
    for (std::size_t i = 0; i < values.size(); i += 3) values[i] = odd;
    CHECK(lpat::describe_motion({values, 1, 16, 16}, {}).focus.size() == 7);
  }
}

void bad_input_is_refused() {
  const std::vector<float> values(2 * 8 * 8);
  const auto call = [&](std::size_t count, std::size_t height, std::size_t width,
                        const lpat::MotionOptions& options = {}) {
    return lpat::describe_motion({values, count, height, width}, options);
  };
  CHECK_REFUSES(call(1, 7, 9), "fields must be at least 8 x 8, not 9 x 7");
  CHECK_REFUSES(call(2, 8, 8), "fields must have 256 values, not 128");
  lpat::MotionOptions options;
  options.rows = 0;
  CHECK_REFUSES(call(1, 8, 8, options), "rows must be at least 1, not 0");
  options = {};
  options.columns = 0;
  CHECK_REFUSES(call(1, 8, 8, options), "columns must be at least 1, not 0");
  options = {};
  options.still = 0;
  CHECK_REFUSES(call(1, 8, 8, options), "still must be positive and finite");
  CHECK_REFUSES(lpat::describe_motion({values, 1, 8, 8}, {}, "abacus"),
                "instruction_set must be one of 'portable'");
  CHECK_REFUSES(lpat::halve_flow(values, 7, 8, {}), "flow must have even height and width, not 8 x 7");
  CHECK_REFUSES(lpat::halve_flow(values, 8, 10, {}), "flow must have 160 values, not 128");
}

}  // namespace

int main() {
  it_agrees_with_the_plain_twin(60, 80, 3, 4);
  it_agrees_with_the_plain_twin(8, 8, 1, 1);
  it_agrees_with_the_plain_twin(9, 33, 5, 2);
  it_agrees_with_the_plain_twin(17, 50, 16, 16);
  instruction_sets_agree();
  what_is_not_asked_for_is_zero();
  the_median_is_the_middle();
  flow_is_halved_scaled_and_limited();
  values_that_are_no_numbers_lead_nowhere();
  bad_input_is_refused();
  return failures;
}
