#include "lpat/segments.hpp"

#include "modules.hpp"
#include "runs.hpp"

namespace lpat::python {

void define_segments(py::module_& module) {
  py::class_<Runs>(module, "Runs")
      .def_readonly("classes", &Runs::classes)
      .def_readonly("snippets", &Runs::snippets)
      .def_readonly("segments", &Runs::segments)
      .def_readonly("mean_probability", &Runs::mean_probability)
      .def_readonly("mean_margin", &Runs::mean_margin)
      .def_readonly("maximum_score", &Runs::maximum_score)
      .def_readonly("contrast", &Runs::contrast)
      .def("__len__", [](const Runs& runs) { return runs.classes.size(); });
  define_extraction(module, "extract_segments", &extract_segments);
}

}  // namespace lpat::python
