#include "lpat/tvl1.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/checks.hpp"
#include "base/parallel.hpp"
#include "flow/chunks.hpp"
#include "tvl1/kernel_sets.hpp"
#include "tvl1/pyramid.hpp"
#include "tvl1/solver.hpp"

namespace lpat {
namespace {

// Where each pair begins with the flow of the one before, the result must not depend on the number of
// threads.
std::size_t chunk_of(std::size_t pairs, const Tvl1Options& options, std::size_t threads) {
  return options.warm_start ? flow::longest_chunk : flow::chunk_of(pairs, threads);
}

void require_positive(double value, const std::string& name) {
  require(std::isfinite(value) && value > 0,
          name + " must be positive and finite, not " + std::to_string(value));
}

void require_some(std::size_t value, const std::string& name) {
  require(value > 0, name + " must be at least 1, not 0");
}

void check(const Frames& frames, const Tvl1Options& options) {
  require(frames.count >= 2,
          "frames must be at least 2, not " + std::to_string(frames.count));
  require(std::min(frames.height, frames.width) >= tvl1_minimum_size,
          "frames must be at least 16 x 16 pixels, not " + std::to_string(frames.width) + " x " +
              std::to_string(frames.height));
  require(frames.values.size() == frames.count * frames.height * frames.width,
          "frames must have " + std::to_string(frames.count * frames.height * frames.width) +
              " values, not " + std::to_string(frames.values.size()));
  require_some(options.scales, "scales");
  require_some(options.warps, "warps");
  require_some(options.inner_iterations, "inner_iterations");
  require_some(options.outer_iterations, "outer_iterations");
  require(options.factor > 0 && options.factor < 1,
          "factor must be between 0 and 1, not " + std::to_string(options.factor));
  require_positive(options.lambda, "lambda");
  require_positive(options.theta, "theta");
  require_positive(options.tau, "tau");
  require_positive(options.epsilon, "epsilon");
}

}  // namespace

std::vector<float> tvl1(const Frames& frames, const Tvl1Options& options, std::size_t threads) {
  return tvl1(frames, options, threads, tvl1_instruction_sets().back());
}

std::vector<float> tvl1(const Frames& frames, const Tvl1Options& options, std::size_t threads,
                        const std::string& instruction_set) {
  check(frames, options);
  const flow::Kernels& kernels = flow::kernels_of(instruction_set);
  const auto sizes = flow::scale_sizes({frames.height, frames.width}, options.scales,
                                       options.factor, tvl1_minimum_size);
  const std::size_t pairs = frames.count - 1;
  const std::size_t chunk = chunk_of(pairs, options, threads);
  const std::size_t pixels = frames.height * frames.width;
  std::vector<float> result(pairs * 2 * pixels);
  const auto solve = [&](std::size_t index) {
    const std::size_t first = index * chunk;
    const std::size_t stop = std::min(first + chunk, pairs);
    const auto frame = [&](std::size_t i) { return frames.values.subspan(i * pixels, pixels); };
    flow::Pyramid now;
    flow::Pyramid next;
    flow::Solver solver(options, sizes, kernels);
    now.build(frame(first), sizes, options.factor);
    for (std::size_t i = first; i < stop; ++i) {
      next.build(frame(i + 1), sizes, options.factor);
      const auto flow = std::span(result).subspan(i * 2 * pixels, 2 * pixels);
      const bool warm = options.warm_start && i > first;
      if (warm) std::copy_n(flow.data() - 2 * pixels, 2 * pixels, flow.data());
      solver.solve(now, next, flow, warm);
      std::swap(now, next);
    }
  };
  for_each_index((pairs + chunk - 1) / chunk, threads, solve);
  return result;
}

}  // namespace lpat
