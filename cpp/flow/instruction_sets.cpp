#include "flow/instruction_sets.hpp"

#include <stdexcept>

namespace lpat::flow {

std::vector<std::string> usable_instruction_sets() {
  std::vector<std::string> names{"portable"};
#ifdef LPAT_X86_KERNELS
  if (__builtin_cpu_supports("avx2")) {
    names.emplace_back("avx2");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      names.emplace_back("avx512");
    }
  }
#endif
  return names;
}

std::size_t place_of(const std::string& instruction_set) {
  const auto names = usable_instruction_sets();
  std::string known;
  for (std::size_t place = 0; place < names.size(); ++place) {
    if (names[place] == instruction_set) return place;
    known += (known.empty() ? "'" : ", '") + names[place] + "'";
  }
  throw std::invalid_argument("instruction_set must be one of " + known + ", not '" +
                              instruction_set + "'");
}

}  // namespace lpat::flow
