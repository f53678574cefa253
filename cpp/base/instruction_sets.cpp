#include "base/instruction_sets.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace lpat {
namespace {

constexpr std::array all{"portable", "avx2", "avx512"};

}  // namespace

std::vector<std::string> usable_instruction_sets() {
  std::vector<std::string> names{all[0]};
#ifdef LPAT_X86_KERNELS
  if (__builtin_cpu_supports("avx2")) names.emplace_back(all[1]);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    names.emplace_back(all[2]);
  }
#endif
  return names;
}

InstructionSet instruction_set_of(const std::string& name) {
  std::string known;
  for (const auto& usable : usable_instruction_sets()) {
    if (usable == name) {
      return static_cast<InstructionSet>(std::ranges::find(all, name) - all.begin());
    }
    known += (known.empty() ? "'" : ", '") + usable + "'";
  }
  throw std::invalid_argument("instruction_set must be one of " + known + ", not '" + name + "'");
}

}  // namespace lpat
