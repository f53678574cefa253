#include "lpat/dis.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/checks.hpp"
#include "base/parallel.hpp"
#include "dis/scales.hpp"
#include "dis/solver.hpp"
#include "flow/chunks.hpp"
#include "flow/instruction_sets.hpp"

namespace lpat {
namespace {

constexpr std::size_t coarsest_finest = 8;

const dis_flow::Kernels& kernels_of(const std::string& instruction_set) {
#ifdef LPAT_X86_KERNELS
  constexpr const dis_flow::Kernels* sets[] = {
      &dis_flow::portable_kernels, &dis_flow::avx2_kernels, &dis_flow::avx512_kernels};
#else
  constexpr const dis_flow::Kernels* sets[] = {&dis_flow::portable_kernels};
#endif
  return *sets[flow::place_of(instruction_set)];
}

void require_weight(double value, const std::string& name) {
  require(std::isfinite(value) && value > 0,
          name + " must be positive and finite, not " + std::to_string(value));
}

void check(std::size_t height, std::size_t width, const DisOptions& options) {
  require(options.finest_scale <= coarsest_finest,
          "finest_scale must be at most 8, not " + std::to_string(options.finest_scale));
  const std::size_t least = static_cast<std::size_t>(dis_flow::patch_size) << options.finest_scale;
  const std::string side = std::to_string(least);
  require(std::min(height, width) >= least, "frames must be at least " + side + " x " + side +
                                                " pixels, not " + std::to_string(width) + " x " +
                                                std::to_string(height));
  require(options.descents >= 2,
          "descents must be at least 2, not " + std::to_string(options.descents));
  require_weight(options.alpha, "alpha");
  require_weight(options.delta, "delta");
  require_weight(options.gamma, "gamma");
}

}  // namespace

std::vector<float> dis(const Frames& frames, const DisOptions& options, std::size_t threads) {
  return dis(frames, options, threads, dis_instruction_sets().back());
}

std::vector<float> dis(const Frames& frames, const DisOptions& options, std::size_t threads,
                       const std::string& instruction_set) {
  require(frames.count >= 2, "frames must be at least 2, not " + std::to_string(frames.count));
  check(frames.height, frames.width, options);
  const std::size_t pixels = frames.height * frames.width;
  require(frames.values.size() == frames.count * pixels,
          "frames must have " + std::to_string(frames.count * pixels) + " values, not " +
              std::to_string(frames.values.size()));
  const dis_flow::Kernels& kernels = kernels_of(instruction_set);
  const dis_flow::Size size{frames.height, frames.width};
  const auto sizes = dis_flow::scale_sizes(size, options.finest_scale);
  const std::size_t pairs = frames.count - 1;
  const std::size_t chunk = flow::chunk_of(pairs, threads);
  const dis_flow::Layout layout{static_cast<std::ptrdiff_t>(frames.width),
                                static_cast<std::ptrdiff_t>(pixels)};
  std::vector<float> result(pairs * 2 * pixels);
  const auto solve = [&](std::size_t index) {
    const std::size_t first = index * chunk;
    const std::size_t stop = std::min(first + chunk, pairs);
    const auto frame = [&](std::size_t i) { return frames.values.subspan(i * pixels, pixels); };
    dis_flow::Scales now;
    dis_flow::Scales next;
    dis_flow::Solver solver(options, size, sizes, kernels);
    now.build(frame(first), size, sizes, kernels);
    for (std::size_t i = first; i < stop; ++i) {
      next.build(frame(i + 1), size, sizes, kernels);
      solver.solve(now, next, std::span(result).subspan(i * 2 * pixels, 2 * pixels), layout);
      std::swap(now, next);
    }
  };
  for_each_index((pairs + chunk - 1) / chunk, threads, solve);
  return result;
}

void dis_of_pair(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
                 std::size_t height, std::size_t width, const DisOptions& options,
                 std::span<float> flow) {
  check(height, width, options);
  require(first.size() == height * width && second.size() == height * width,
          "frames must have " + std::to_string(height * width) + " values, not " +
              std::to_string(first.size()) + " and " + std::to_string(second.size()));
  require(flow.size() == 2 * height * width,
          "flow must have " + std::to_string(2 * height * width) + " values, not " +
              std::to_string(flow.size()));
  const dis_flow::Kernels& kernels = kernels_of(dis_instruction_sets().back());
  const dis_flow::Size size{height, width};
  const auto sizes = dis_flow::scale_sizes(size, options.finest_scale);
  dis_flow::Scales scales[2];
  scales[0].build(first, size, sizes, kernels);
  scales[1].build(second, size, sizes, kernels);
  dis_flow::Solver(options, size, sizes, kernels)
      .solve(scales[0], scales[1], flow, {static_cast<std::ptrdiff_t>(2 * width), 1});
}

std::vector<std::string> dis_instruction_sets() { return flow::usable_instruction_sets(); }

}  // namespace lpat
