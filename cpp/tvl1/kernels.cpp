#include "base/instruction_sets.hpp"
#include "lpat/tvl1.hpp"
#include "tvl1/kernel_sets.hpp"

namespace lpat {

const flow::Kernels& flow::kernels_of(const std::string& instruction_set) {
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

std::vector<std::string> tvl1_instruction_sets() { return usable_instruction_sets(); }

}  // namespace lpat
