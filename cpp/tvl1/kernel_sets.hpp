// Which kernels this machine can use.
#pragma once

#include <string>

#include "tvl1/kernels.hpp"

namespace lpat::flow {

// Those of an instruction set, by its name; std::invalid_argument where this machine lacks it.
const Kernels& kernels_of(const std::string& instruction_set);

}  // namespace lpat::flow
