#include "flow/instruction_sets.hpp"
#include "lpat/motion.hpp"
#include "motion/kernel_sets.hpp"

namespace lpat {
namespace motion {

const Kernels& kernels_of(const std::string& instruction_set) {
#ifdef LPAT_X86_KERNELS
  constexpr const Kernels* sets[] = {&portable_kernels, &avx2_kernels, &avx512_kernels};
#else
  constexpr const Kernels* sets[] = {&portable_kernels};
#endif
  return *sets[flow::place_of(instruction_set)];
}

}  // namespace motion

std::vector<std::string> motion_instruction_sets() { return flow::usable_instruction_sets(); }

}  // namespace lpat
