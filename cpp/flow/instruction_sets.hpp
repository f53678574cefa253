// Which instruction sets this machine can use.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lpat::flow {

// Names of the usable sets, the best last: "portable" and, on x86-64, "avx2" and "avx512".
std::vector<std::string> usable_instruction_sets();

// Place of a set in `usable_instruction_sets()`; std::invalid_argument where it isn't there.
std::size_t place_of(const std::string& instruction_set);

}  // namespace lpat::flow
