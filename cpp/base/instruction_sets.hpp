// Instruction sets that loops are compiled for, and which of them this machine has.
#pragma once

#include <string>
#include <vector>

namespace lpat {

enum class InstructionSet { portable, avx2, avx512 };

// Names of those that this machine can use, the best last.
std::vector<std::string> usable_instruction_sets();

// The one of a name; std::invalid_argument where this machine lacks it.
InstructionSet instruction_set_of(const std::string& name);

}  // namespace lpat
