// Compiled for other instructions than its neighbours: nothing here may be visible to them but the
// kernels, not even an inline function of the standard library.
#include "dis/kernels.hpp"

#include "dis/densify_patches.hpp"
#include "dis/linearise_rows.hpp"
#include "dis/patch_search.hpp"
#include "dis/picture_rows.hpp"
#include "dis/relax_rows.hpp"
#include "dis/widen_rows.hpp"

namespace lpat::dis_flow {

const Kernels avx512_kernels{
    &halve_bytes_row, &halve_floats_row, &differentiate_rows, &sum_slopes_of_patches,
    &search_patches,  &densify_patches,  &split_row,          &merge_row,
    &warp_row,        &slopes_of_row,    &linearise_row,      &system_of_row,
    &relax_row,       &widen_row,        &mix_rows};

}  // namespace lpat::dis_flow
