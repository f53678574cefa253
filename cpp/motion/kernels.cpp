#include "base/instruction_sets.hpp"
#include "lpat/motion.hpp"
#include "motion/kernel_sets.hpp"

namespace lpat {

const motion::Kernels& motion::kernels_of(const std::string& instruction_set) {
  switch (instruction_set_of(instruction_set)) {
#ifdef LPAT_X86_KERNELS
    case InstructionSet::avx512:
      return avx512_kernels;
    case InstructionSet::avx2:
      return avx2_kernels;
#endif
    default:
      return portable_kernels;
  }
}

std::vector<std::string> motion_instruction_sets() { return usable_instruction_sets(); }

}  // namespace lpat
