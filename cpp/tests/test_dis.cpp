#include <algorithm>
#include <cmath>
#include <random>

#include "check.hpp"
#include "lpat/dis.hpp"
#include "naive_dis.hpp"

namespace {

// Frames that show a smooth texture, moved by (dx, dy) from each to the next.
std::vector<std::uint8_t> moving(std::size_t count, double dx, double dy, std::size_t height,
                                 std::size_t width) {
  std::vector<std::uint8_t> values;
  for (std::size_t i = 0; i < count; ++i) {
    const auto time = static_cast<double>(i);
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x) {
        const double u = static_cast<double>(x) - time * dx;
        const double v = static_cast<double>(y) - time * dy;
        const double waves = std::sin(0.3 * u + 0.13 * v) + std::sin(0.24 * v - 0.07 * u);
        const double grey = 128 + 40 * waves + 20 * std::cos(0.5 * u) * std::cos(0.45 * v);
        values.push_back(static_cast<std::uint8_t>(std::lround(grey)));
      }
    }
  }
  return values;
}

double median_of(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

void a_moved_texture_moves_so() {
  constexpr std::size_t height = 64;
  constexpr std::size_t width = 96;
  const auto values = moving(3, 1.75, -0.5, height, width);
  const auto flow = lpat::dis({values, 3, height, width}, {}, 1);
  CHECK(flow.size() == 2 * 2 * height * width);
  for (std::size_t plane = 0; plane < 4; ++plane) {
    const auto begin = flow.begin() + static_cast<std::ptrdiff_t>(plane * height * width);
    CHECK_WITHIN(0.1, median_of({begin, begin + height * width}), plane % 2 == 0 ? 1.75 : -0.5);
  }
}

void what_stands_still_has_no_flow() {
  const auto values = moving(2, 0, 0, 40, 56);
  const auto flow = lpat::dis({values, 2, 40, 56}, {}, 1);
  CHECK(std::ranges::all_of(flow, [](float value) { return value == 0; }));
  const std::vector<std::uint8_t> plain(2 * 40 * 56, 90);
  const auto none = lpat::dis({plain, 2, 40, 56}, {}, 1);
  CHECK(std::ranges::all_of(none, [](float value) { return value == 0; }));
}

// Sizes that are and aren't divided by what patches and scales would like, and such as have one
// scale alone. Where areas aren't whole pixels, a mean may be rounded to the next grey level.
void it_agrees_with_the_plain_twin() {
  const std::size_t sizes[][2] = {{64, 96}, {61, 83}, {16, 16}, {17, 16}, {46, 23}, {70, 66}};
  for (const auto& [height, width] : sizes) {
    for (const double dx : {0.0, 0.7, 3.0}) {
      const auto values = moving(2, dx, 1.2, height, width);
      for (const std::size_t finest : {0, 1}) {
        lpat::DisOptions options;
        options.finest_scale = finest;
        const lpat::Frames frames{values, 2, height, width};
        const auto flow = lpat::dis(frames, options, 1);
        const auto expected = naive::dis(frames, options);
        double sum = 0;
        for (std::size_t i = 0; i < flow.size(); ++i) sum += std::abs(flow[i] - expected[i]);
        const double tolerance = (height | width) % 2 == 1 ? 5e-3 : 1e-4;
        CHECK_WITHIN(tolerance, sum / static_cast<double>(flow.size()), 0);
      }
    }
  }
}

void options_are_those_of_the_twin() {
  const auto values = moving(2, 1.3, 0.6, 64, 64);
  const lpat::Frames frames{values, 2, 64, 64};
  for (const lpat::DisOptions& options :
       {lpat::DisOptions{1, 4, 1, 20, 5, 10}, lpat::DisOptions{1, 16, 0, 20, 5, 10},
        lpat::DisOptions{1, 8, 7, 5, 20, 1}}) {
    const auto flow = lpat::dis(frames, options, 1);
    const auto expected = naive::dis(frames, options);
    double sum = 0;
    for (std::size_t i = 0; i < flow.size(); ++i) sum += std::abs(flow[i] - expected[i]);
    CHECK_WITHIN(1e-4, sum / static_cast<double>(flow.size()), 0);
  }
}

void instruction_sets_agree() {
  const auto sets = lpat::dis_instruction_sets();
  CHECK(sets.front() == "portable");
  const std::size_t sizes[][2] = {{64, 96}, {61, 83}, {120, 160}};
  for (const auto& [height, width] : sizes) {
    const auto values = moving(3, 2.3, 0.4, height, width);
    const lpat::Frames frames{values, 3, height, width};
    const auto expected = lpat::dis(frames, {}, 1, "portable");
    for (const auto& set : sets) CHECK(lpat::dis(frames, {}, 1, set) == expected);
    CHECK(lpat::dis(frames, {}, 1) == expected);
  }
}

void threads_change_nothing() {
  const auto values = moving(20, 0.6, 0.3, 40, 56);
  const lpat::Frames frames{values, 20, 40, 56};
  const auto one = lpat::dis(frames, {}, 1);
  for (const std::size_t threads : {2, 3, 40}) CHECK(lpat::dis(frames, {}, threads) == one);
}

void a_pair_has_the_same_flow() {
  constexpr std::size_t height = 40;
  constexpr std::size_t width = 57;
  constexpr std::size_t pixels = height * width;
  const auto values = moving(2, 1.4, -0.8, height, width);
  const auto expected = lpat::dis({values, 2, height, width}, {}, 1);
  std::vector<float> flow(2 * pixels);
  const std::span<const std::uint8_t> all(values);
  lpat::dis_of_pair(all.first(pixels), all.last(pixels), height, width, {}, flow);
  for (std::size_t i = 0; i < pixels; ++i) {
    CHECK(flow[2 * i] == expected[i]);
    CHECK(flow[2 * i + 1] == expected[i + pixels]);
  }
}

// Frames that nothing explains, and steps beyond the frame: flow stays finite.
void noise_gives_finite_flow() {
  std::mt19937 random(0);
  std::vector<std::uint8_t> values(3 * 61 * 75);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() % 2 * 255);
  for (const double weight : {1e-9, 1.0, 1e9}) {
    lpat::DisOptions options;
    options.alpha = weight;
    const auto flow = lpat::dis({values, 3, 61, 75}, options, 1);
    CHECK(std::ranges::all_of(flow, [](float value) { return std::isfinite(value); }));
  }
}

void bad_input_is_refused() {
  const std::vector<std::uint8_t> values(2 * 16 * 16);
  const auto call = [&](std::size_t count, std::size_t h, std::size_t w,
                        const lpat::DisOptions& options = {}) {
    return lpat::dis({values, count, h, w}, options, 1);
  };
  CHECK_REFUSES(call(1, 16, 32), "frames must be at least 2, not 1");
  CHECK_REFUSES(call(2, 15, 16), "frames must be at least 16 x 16 pixels, not 16 x 15");
  CHECK_REFUSES(call(3, 16, 16), "frames must have 768 values, not 512");
  lpat::DisOptions options;
  options.finest_scale = 2;
  CHECK_REFUSES(call(2, 16, 16, options), "frames must be at least 32 x 32 pixels, not 16 x 16");
  options.finest_scale = 64;
  CHECK_REFUSES(call(2, 16, 16, options), "finest_scale must be at most 8, not 64");
  options = {};
  options.descents = 1;
  CHECK_REFUSES(call(2, 16, 16, options), "descents must be at least 2, not 1");
  options = {};
  options.alpha = std::nan("");
  CHECK_REFUSES(call(2, 16, 16, options), "alpha must be positive and finite, not nan");
  options = {};
  options.gamma = 0;
  CHECK_REFUSES(call(2, 16, 16, options), "gamma must be positive and finite, not 0");
  CHECK_REFUSES(lpat::dis({values, 2, 16, 16}, {}, 1, "abacus"),
                "instruction_set must be one of 'portable'");
  std::vector<float> flow(2 * 16 * 16);
  const std::span<const std::uint8_t> frame(values.data(), 16 * 16);
  CHECK_REFUSES(lpat::dis_of_pair(frame, frame.first(8), 16, 16, {}, flow),
                "frames must have 256 values, not 256 and 8");
  CHECK_REFUSES(lpat::dis_of_pair(frame, frame, 16, 16, {}, std::span(flow).first(3)),
                "flow must have 512 values, not 3");
}

}  // namespace

// With an argument it runs but what has several threads, for the thread sanitizer.
int main(int count, char**) {
  threads_change_nothing();
  if (count > 1) return failures;
  a_moved_texture_moves_so();
  what_stands_still_has_no_flow();
  it_agrees_with_the_plain_twin();
  options_are_those_of_the_twin();
  instruction_sets_agree();
  a_pair_has_the_same_flow();
  noise_gives_finite_flow();
  bad_input_is_refused();
  return failures;
}
