// Four floats, as one register where the compiler has such a type.
#pragma once

namespace lpat::flow {
namespace {

#if defined(__GNUC__)
using Four = float __attribute__((vector_size(16), aligned(4), may_alias));

inline Four load(const float* values) { return *reinterpret_cast<const Four*>(values); }
inline void store(const Four& four, float* values) { *reinterpret_cast<Four*>(values) = four; }
#else
struct Four {
  float values[4];

  float operator[](int i) const { return values[i]; }
};

inline Four load(const float* v) { return {{v[0], v[1], v[2], v[3]}}; }
inline void store(const Four& four, float* values) {
  for (int i = 0; i < 4; ++i) values[i] = four[i];
}

inline Four operator+(const Four& a, const Four& b) {
  return {{a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]}};
}

inline Four operator*(const Four& a, float b) {
  return {{a[0] * b, a[1] * b, a[2] * b, a[3] * b}};
}
#endif

}  // namespace
}  // namespace lpat::flow
