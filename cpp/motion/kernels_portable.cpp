#include "motion/camera_loops.hpp"
#include "motion/field_loops.hpp"
#include "motion/kernels.hpp"

namespace lpat::motion {

const Kernels portable_kernels{&halve_row,      &median,         &residuals,     &fit,
                           &subtract,       &motion_row,     &direction_row, &kinematic_row,
                           &boundary_row,   &focus_row,      &dot};

}  // namespace lpat::motion
