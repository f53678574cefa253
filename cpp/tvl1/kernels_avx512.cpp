// Compiled for other instructions than its neighbours: nothing here may be visible to them but the
// kernels, not even an inline function of the standard library.
#include "tvl1/kernels.hpp"
#include "tvl1/median_rows.hpp"
#include "tvl1/update_rows.hpp"
#include "tvl1/warp_rows.hpp"

namespace lpat::flow {

const Kernels avx512_kernels{&primal_row, &dual_row, &warp_row, &median_row};

}  // namespace lpat::flow
