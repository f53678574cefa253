// Arrays between Python and C++: checked, then viewed without copying.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lpat::python {

namespace py = pybind11;

inline std::string dimensions(std::initializer_list<py::ssize_t> allowed) {
  std::string text;
  for (const auto number : allowed) {
    text += (text.empty() ? "" : " or ") + std::to_string(number) + "D";
  }
  return text;
}

// View of an array that has the type, one of the dimensions and the memory order that C++ reads.
template <typename T>
std::span<const T> view(const py::array& array, const std::string& name,
                        std::initializer_list<py::ssize_t> allowed) {
  if (!py::isinstance<py::array_t<T>>(array)) {
    throw py::type_error(name + " must be " + std::string(py::str(py::dtype::of<T>())) + ", not " +
                         std::string(py::str(array.dtype())));
  }
  if (std::find(allowed.begin(), allowed.end(), array.ndim()) == allowed.end()) {
    throw std::invalid_argument(name + " must be " + dimensions(allowed) + ", not " +
                                std::to_string(array.ndim()) + "D");
  }
  constexpr int layout = static_cast<int>(py::array::c_style) |
                         static_cast<int>(py::detail::npy_api::NPY_ARRAY_ALIGNED_);
  if ((array.flags() & layout) != layout) {
    throw std::invalid_argument(name + " must be C-contiguous and aligned");
  }
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

inline std::size_t length(const py::array& array, py::ssize_t axis = 0) {
  return static_cast<std::size_t>(array.shape(axis));
}

template <typename T>
std::span<const T> view_of_length(const py::array& array, const std::string& name,
                                  std::size_t expected) {
  const auto values = view<T>(array, name, {1});
  if (values.size() != expected) {
    throw std::invalid_argument(name + " must have " + std::to_string(expected) +
                                " elements, not " + std::to_string(values.size()));
  }
  return values;
}

// An array that owns the vector's memory.
template <typename T>
py::array_t<T> array_of(std::vector<T> values, std::vector<py::ssize_t> shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const T* data = owned->data();
  py::capsule owner(owned.get(),
                    [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
  owned.release();
  return py::array_t<T>(std::move(shape), data, owner);
}

// The same along one axis.
template <typename T>
py::array_t<T> array_of(std::vector<T> values) {
  const auto count = static_cast<py::ssize_t>(values.size());
  return array_of(std::move(values), {count});
}

// Members of each record: (N,) of one member, (N, M) of several.
template <typename T, typename Record>
py::array_t<T> columns_of(const std::vector<Record>& records,
                          std::initializer_list<T Record::*> members) {
  std::vector<T> values;
  values.reserve(records.size() * members.size());
  for (const auto& record : records) {
    for (const auto member : members) values.push_back(record.*member);
  }
  std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(records.size())};
  if (members.size() > 1) shape.push_back(static_cast<py::ssize_t>(members.size()));
  return array_of(std::move(values), std::move(shape));
}

// The choice that a word names.
template <typename Choice>
Choice choice_of(const std::string& word, const std::string& name,
                 const std::vector<std::pair<std::string, Choice>>& choices) {
  std::string known;
  for (const auto& [text, choice] : choices) {
    if (text == word) return choice;
    known += (known.empty() ? "'" : ", '") + text + "'";
  }
  throw std::invalid_argument(name + " must be one of " + known + ", not '" + word + "'");
}

}  // namespace lpat::python
