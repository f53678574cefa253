#include "tvl1/kernel_sets.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

#include "lpat/tvl1.hpp"

namespace lpat {
namespace flow {
namespace {

// Those that this machine can use, the best last.
std::vector<std::pair<std::string, const Kernels*>> usable() {
  std::vector<std::pair<std::string, const Kernels*>> sets{{"portable", &portable_kernels}};
#ifdef LPAT_X86_KERNELS
  if (__builtin_cpu_supports("avx2")) sets.emplace_back("avx2", &avx2_kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    sets.emplace_back("avx512", &avx512_kernels);
  }
#endif
  return sets;
}

}  // namespace

const Kernels& kernels_of(const std::string& instruction_set) {
  std::string known;
  for (const auto& [name, kernels] : usable()) {
    if (name == instruction_set) return *kernels;
    known += (known.empty() ? "'" : ", '") + name + "'";
  }
  throw std::invalid_argument("instruction_set must be one of " + known + ", not '" +
                              instruction_set + "'");
}

}  // namespace flow

std::vector<std::string> tvl1_instruction_sets() {
  std::vector<std::string> names;
  for (const auto& [name, kernels] : flow::usable()) names.push_back(name);
  return names;
}

}  // namespace lpat
