// Independent pieces of work on several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace lpat {

// Calls task(i) once for each i in [0, count), in any order, on at most `threads` threads of which
// the caller's is one; 0 stands for as many as the machine runs at once.
//
// A task must write only what no other task reads or writes. Where tasks throw, the others still
// finish, and the exception of the smallest i is thrown again.
void for_each_index(std::size_t count, std::size_t threads,
                    const std::function<void(std::size_t)>& task);

}  // namespace lpat
