#include "flow/instruction_sets.hpp"
#include "lpat/tvl1.hpp"
#include "tvl1/kernel_sets.hpp"

namespace lpat {
namespace flow {

const Kernels& kernels_of(const std::string& instruction_set) {
#ifdef LPAT_X86_KERNELS
  constexpr const Kernels* sets[] = {&portable_kernels, &avx2_kernels, &avx512_kernels};
#else
  constexpr const Kernels* sets[] = {&portable_kernels};
#endif
  return *sets[place_of(instruction_set)];
}

}  // namespace flow

std::vector<std::string> tvl1_instruction_sets() { return flow::usable_instruction_sets(); }

}  // namespace lpat
