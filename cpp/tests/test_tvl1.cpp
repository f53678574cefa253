#include <algorithm>
#include <cmath>
#include <random>

#include "check.hpp"
#include "lpat/tvl1.hpp"
#include "naive_tvl1.hpp"
#include "tvl1/median_rows.hpp"

namespace {

constexpr std::size_t height = 44;
constexpr std::size_t width = 57;

// Frames that show a smooth texture, moved by (dx, dy) from each to the next.
std::vector<std::uint8_t> moving(std::size_t count, double dx, double dy) {
  std::vector<std::uint8_t> values;
  for (std::size_t i = 0; i < count; ++i) {
    const auto time = static_cast<double>(i);
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const double u = static_cast<double>(x) - time * dx;
        const double v = static_cast<double>(y) - time * dy;
        const double waves = std::sin(0.5 * u + 0.2 * v) + std::sin(0.4 * v - 0.1 * u);
        const double grey = 128 + 40 * waves + 20 * std::cos(0.9 * u) * std::cos(0.8 * v);
        values.push_back(static_cast<std::uint8_t>(std::lround(grey)));
      }
    }
  }
  return values;
}

lpat::Frames frames_of(const std::vector<std::uint8_t>& values) {
  return {values, values.size() / (height * width), height, width};
}

double median_of(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

void a_moved_texture_moves_so() {
  const auto values = moving(3, 1.75, -0.5);
  const auto flow = lpat::tvl1(frames_of(values), {}, 1);
  CHECK(flow.size() == 2 * 2 * height * width);
  for (std::size_t plane = 0; plane < 4; ++plane) {
    const auto begin = flow.begin() + static_cast<std::ptrdiff_t>(plane * height * width);
    CHECK_WITHIN(0.05, median_of({begin, begin + height * width}), plane % 2 == 0 ? 1.75 : -0.5);
  }
}

void what_stands_still_has_no_flow() {
  const auto flow = lpat::tvl1(frames_of(moving(3, 0, 0)), {}, 1);
  CHECK(std::ranges::all_of(flow, [](float value) { return value == 0; }));
  const std::vector<std::uint8_t> plain(2 * height * width, 90);
  const auto none = lpat::tvl1(frames_of(plain), {}, 1);
  CHECK(std::ranges::all_of(none, [](float value) { return value == 0; }));
}

void it_agrees_with_the_plain_twin(const lpat::Tvl1Options& options, double tolerance) {
  for (const double dx : {0.0, 0.7, 3.0}) {
    const auto values = moving(2, dx, 1.2);
    const auto flow = lpat::tvl1(frames_of(values), options, 1);
    const auto expected = naive::tvl1(frames_of(values), options);
    double sum = 0;
    for (std::size_t i = 0; i < flow.size(); ++i) sum += std::abs(flow[i] - expected[i]);
    CHECK_WITHIN(tolerance, sum / static_cast<double>(flow.size()), 0);
  }
}

// To the rounding of single precision. More warps and scales make more of that where the texture
// leaves the picture, as all is black beyond.
void it_agrees_where_all_iterations_are_made() {
  lpat::Tvl1Options options{2, 0.8, 2, 0.15, 0.3, 0.25, 1e-9, 7, 2};
  it_agrees_with_the_plain_twin(options, 1e-5);
  options = {3, 0.7, 1, 0.05, 0.2, 0.2, 1e-9, 5, 1};
  it_agrees_with_the_plain_twin(options, 1e-5);
}

// It may go a few iterations on where enough are made.
void it_agrees_where_the_change_ends_it() { it_agrees_with_the_plain_twin({}, 0.03); }

void instruction_sets_agree() {
  const auto values = moving(3, 2.3, 0.4);
  const auto sets = lpat::tvl1_instruction_sets();
  CHECK(sets.front() == "portable");
  const auto expected = lpat::tvl1(frames_of(values), {}, 1, "portable");
  for (const auto& set : sets) CHECK(lpat::tvl1(frames_of(values), {}, 1, set) == expected);
  CHECK(lpat::tvl1(frames_of(values), {}, 1) == expected);
}

void threads_change_nothing() {
  const auto values = moving(20, 0.6, 0.3);
  lpat::Tvl1Options options;
  options.warps = 1;
  for (const bool warm : {false, true}) {
    options.warm_start = warm;
    const auto one = lpat::tvl1(frames_of(values), options, 1);
    for (const std::size_t threads : {2, 3, 40}) {
      CHECK(lpat::tvl1(frames_of(values), options, threads) == one);
    }
  }
}

// Also where the flow before is another: the sixteenth pair begins anew.
void a_warm_start_ends_near_a_cold_one() {
  const auto values = moving(18, 2.5, -1);
  lpat::Tvl1Options options;
  options.warm_start = true;
  const auto warm = lpat::tvl1(frames_of(values), options, 1);
  const auto cold = lpat::tvl1(frames_of(values), {}, 1);
  double sum = 0;
  for (std::size_t i = 0; i < warm.size(); ++i) sum += std::abs(warm[i] - cold[i]);
  CHECK_WITHIN(0.1, sum / static_cast<double>(warm.size()), 0);
  const auto pair = static_cast<std::ptrdiff_t>(2 * height * width);
  CHECK(std::equal(warm.begin() + 16 * pair, warm.end(), cold.begin() + 16 * pair));
  CHECK(!std::equal(warm.begin(), warm.end(), cold.begin()));
}

// A network of minima and maxima that is right for zeros and ones is right for all values. Once they
// are sorted, columns of zeros and ones differ by their number of ones alone.
void the_median_network_is_right() {
  for (int code = 0; code < 6 * 6 * 6 * 6 * 6; ++code) {
    float values[25];
    int ones = 0;
    for (int j = 0, rest = code; j < 5; ++j, rest /= 6) {
      for (int i = 0; i < 5; ++i) values[5 * i + j] = i >= 5 - rest % 6 ? 1.0F : 0.0F;
      ones += rest % 6;
    }
    lpat::flow::apply<lpat::flow::median_order>(values);
    CHECK(values[lpat::flow::median_place] == (ones > 12 ? 1.0F : 0.0F));
  }
  for (unsigned code = 0; code < 32; ++code) {
    float values[5];
    for (unsigned i = 0; i < 5; ++i) values[i] = static_cast<float>(code >> i & 1U);
    lpat::flow::apply<lpat::flow::column_order>(values);
    CHECK(std::ranges::is_sorted(values));
  }
}

// Frames that nothing explains: flow stays finite.
void noise_gives_finite_flow() {
  std::mt19937 random(0);
  std::vector<std::uint8_t> values(3 * height * width);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() % 2 * 255);
  const auto flow = lpat::tvl1(frames_of(values), {}, 1);
  CHECK(std::ranges::all_of(flow, [](float value) { return std::isfinite(value); }));
}

// Steps so large that flow runs away: nothing outside the frames is read.
void flow_that_is_no_number_leads_nowhere() {
  lpat::Tvl1Options options;
  options.tau = 1e9;
  options.lambda = 1e9;
  CHECK(lpat::tvl1(frames_of(moving(2, 1, 1)), options, 1).size() == 2 * height * width);
}

void small_frames_have_fewer_scales() {
  const std::vector<std::uint8_t> values(2 * 16 * 17, 7);
  CHECK(lpat::tvl1({values, 2, 16, 17}, {}, 1).size() == 2 * 16 * 17);
}

void bad_input_is_refused() {
  const std::vector<std::uint8_t> values(2 * 16 * 16);
  const auto call = [&](std::size_t count, std::size_t h, std::size_t w,
                        const lpat::Tvl1Options& options = {}) {
    return lpat::tvl1({values, count, h, w}, options, 1);
  };
  CHECK_REFUSES(call(1, 16, 32), "frames must be at least 2, not 1");
  CHECK_REFUSES(call(2, 15, 16), "frames must be at least 16 x 16 pixels, not 16 x 15");
  CHECK_REFUSES(call(3, 16, 16), "frames must have 768 values, not 512");
  lpat::Tvl1Options options;
  options.factor = 1;
  CHECK_REFUSES(call(2, 16, 16, options), "factor must be between 0 and 1, not 1");
  options = {};
  options.warps = 0;
  CHECK_REFUSES(call(2, 16, 16, options), "warps must be at least 1, not 0");
  options = {};
  options.theta = std::nan("");
  CHECK_REFUSES(call(2, 16, 16, options), "theta must be positive and finite, not nan");
  CHECK_REFUSES(lpat::tvl1({values, 2, 16, 16}, {}, 1, "abacus"),
                "instruction_set must be one of 'portable'");
}

}  // namespace

// With an argument it runs but what has several threads, for the thread sanitizer.
int main(int count, char**) {
  threads_change_nothing();
  if (count > 1) return failures;
  a_moved_texture_moves_so();
  what_stands_still_has_no_flow();
  it_agrees_where_all_iterations_are_made();
  it_agrees_where_the_change_ends_it();
  instruction_sets_agree();
  a_warm_start_ends_near_a_cold_one();
  the_median_network_is_right();
  noise_gives_finite_flow();
  flow_that_is_no_number_leads_nowhere();
  small_frames_have_fewer_scales();
  bad_input_is_refused();
  return failures;
}
