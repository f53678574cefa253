#include "tvl1/kernels.hpp"
#include "tvl1/median_rows.hpp"
#include "tvl1/update_rows.hpp"
#include "tvl1/warp_rows.hpp"

namespace lpat::flow {

const Kernels portable_kernels{&primal_row, &dual_row, &warp_row, &median_row};

}  // namespace lpat::flow
