// Compiled for other instructions than its neighbours: nothing here may be visible to them but the
// kernels, not even an inline function of the standard library.
#include "motion/camera_loops.hpp"
#include "motion/field_loops.hpp"
#include "motion/kernels.hpp"

namespace lpat::motion {

const Kernels avx2_kernels{&halve_row,      &median,         &residuals,     &fit,
                           &subtract,       &motion_row,     &direction_row, &kinematic_row,
                           &boundary_row,   &focus_row,      &dot};

}  // namespace lpat::motion
