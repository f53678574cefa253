// The parts of lpat._core, one for each header of the library.
#pragma once

#include <pybind11/pybind11.h>

namespace lpat::python {

void define_segments(pybind11::module_& module);
void define_component_tree(pybind11::module_& module);
void define_level_sets(pybind11::module_& module);
void define_predicted_ends(pybind11::module_& module);
void define_evaluation(pybind11::module_& module);
void define_suppression(pybind11::module_& module);
void define_diagnosis(pybind11::module_& module);
void define_motion(pybind11::module_& module);
void define_dis(pybind11::module_& module);
void define_tvl1(pybind11::module_& module);

}  // namespace lpat::python
