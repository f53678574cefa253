// Which kernels this machine can use.
#pragma once

#include <string>

#include "motion/kernels.hpp"

namespace lpat::motion {

// Those of an instruction set, by its name; std::invalid_argument where this machine lacks it.
const Kernels& kernels_of(const std::string& instruction_set);

}  // namespace lpat::motion
