#include "lpat/component_tree.hpp"

#include <cstdint>
#include <utility>

#include "arrays.hpp"
#include "modules.hpp"
#include "runs.hpp"

namespace lpat::python {
namespace {

using namespace py::literals;

// A tree as C++ goes on with it, and as parallel arrays.
struct ComponentTree {
  std::vector<Component> components;
  py::array_t<double> levels;          // (N,)
  py::array_t<std::int64_t> snippets;  // (N, 2) [first, stop)
  py::array_t<std::int64_t> parents;   // (N,)
  py::array_t<double> contrasts;       // (N,)
  py::array_t<double> gains;           // (N,)
};

ComponentTree component_tree(const py::array& values) {
  const auto curve = view<double>(values, "values", {1});
  std::vector<Component> tree;
  std::vector<double> contrasts;
  std::vector<double> gains;
  {
    py::gil_scoped_release release;
    tree = lpat::component_tree(curve);
    contrasts = component_contrasts(curve, tree);
    gains = component_gains(tree, contrasts);
  }
  auto levels = columns_of<double>(tree, {&Component::level});
  auto snippets = columns_of<std::int64_t>(tree, {&Component::first, &Component::stop});
  auto parents = columns_of<std::int64_t>(tree, {&Component::parent});
  return {std::move(tree),
          std::move(levels),
          std::move(snippets),
          std::move(parents),
          array_of(std::move(contrasts)),
          array_of(std::move(gains))};
}

py::array_t<std::int64_t> select_components(const ComponentTree& tree, const py::array& gains) {
  const auto values = view_of_length<double>(gains, "gains", tree.components.size());
  std::vector<std::int64_t> indices;
  {
    py::gil_scoped_release release;
    const auto selected = lpat::select_components(tree.components, values);
    indices.assign(selected.begin(), selected.end());
  }
  return array_of(std::move(indices));
}

}  // namespace

void define_component_tree(py::module_& module) {
  py::class_<ComponentTree>(module, "ComponentTree")
      .def_readonly("levels", &ComponentTree::levels)
      .def_readonly("snippets", &ComponentTree::snippets)
      .def_readonly("parents", &ComponentTree::parents)
      .def_readonly("contrasts", &ComponentTree::contrasts)
      .def_readonly("gains", &ComponentTree::gains)
      .def("__len__", [](const ComponentTree& tree) { return tree.components.size(); });

  module.def("component_tree", &component_tree, "values"_a);
  module.def("select_components", &select_components, "tree"_a, "gains"_a);
  define_extraction(module, "extract_components", &extract_components);
}

}  // namespace lpat::python
