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

template <typename T>
py::array_t<T> column(const std::vector<Component>& tree,
                      std::initializer_list<T Component::*> members) {
  std::vector<T> values;
  values.reserve(tree.size() * members.size());
  for (const auto& component : tree) {
    for (const auto member : members) values.push_back(component.*member);
  }
  std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(tree.size())};
  if (members.size() > 1) shape.push_back(static_cast<py::ssize_t>(members.size()));
  return array_of(std::move(values), std::move(shape));
}

template <typename T>
py::array_t<T> flat_array_of(std::vector<T> values) {
  const auto size = static_cast<py::ssize_t>(values.size());
  return array_of(std::move(values), {size});
}

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
  auto levels = column<double>(tree, {&Component::level});
  auto snippets = column<std::int64_t>(tree, {&Component::first, &Component::stop});
  auto parents = column<std::int64_t>(tree, {&Component::parent});
  return {std::move(tree),
          std::move(levels),
          std::move(snippets),
          std::move(parents),
          flat_array_of(std::move(contrasts)),
          flat_array_of(std::move(gains))};
}

py::array_t<std::int64_t> select_components(const ComponentTree& tree, const py::array& gains) {
  const auto values = view_of_length<double>(gains, "gains", tree.components.size());
  std::vector<std::int64_t> indices;
  {
    py::gil_scoped_release release;
    const auto selected = lpat::select_components(tree.components, values);
    indices.assign(selected.begin(), selected.end());
  }
  return flat_array_of(std::move(indices));
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
