// lpat._core: checks arrays, views them without copying, and computes without the GIL.
#include "modules.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "Segments of scores, their suppression and evaluation, and optical flow, in C++.";
  lpat::python::define_segments(module);
  lpat::python::define_component_tree(module);
  lpat::python::define_level_sets(module);
  lpat::python::define_predicted_ends(module);
  lpat::python::define_evaluation(module);
  lpat::python::define_suppression(module);
  lpat::python::define_diagnosis(module);
  lpat::python::define_motion(module);
  lpat::python::define_dis(module);
  lpat::python::define_tvl1(module);
}
