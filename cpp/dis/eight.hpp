// Eight floats, as one register where the compiler has such a type.
#pragma once

namespace lpat::dis_flow {
namespace {

#if defined(__GNUC__)
using Eight = float __attribute__((vector_size(32), aligned(4), may_alias));

// By reference, as passing such values is another thing for each instruction set.
inline const Eight& eight_at(const float* values) {
  return *reinterpret_cast<const Eight*>(values);
}
inline Eight& eight_at(float* values) { return *reinterpret_cast<Eight*>(values); }

// 1 / max(1, |value|).
inline void share_of(const Eight& value, Eight& share) {
  const Eight one = {1, 1, 1, 1, 1, 1, 1, 1};
  const Eight opposite = -value;
  const Eight size = value > opposite ? value : opposite;
  share = one / (size > one ? size : one);
}
#else
struct Eight {
  float values[8];

  float operator[](int i) const { return values[i]; }
};

inline const Eight& eight_at(const float* values) {
  return *reinterpret_cast<const Eight*>(values);
}
inline Eight& eight_at(float* values) { return *reinterpret_cast<Eight*>(values); }

inline Eight operator+(const Eight& a, const Eight& b) {
  Eight sum;
  for (int i = 0; i < 8; ++i) sum.values[i] = a[i] + b[i];
  return sum;
}

inline Eight operator-(const Eight& a, const Eight& b) {
  Eight difference;
  for (int i = 0; i < 8; ++i) difference.values[i] = a[i] - b[i];
  return difference;
}

inline Eight operator*(const Eight& a, const Eight& b) {
  Eight product;
  for (int i = 0; i < 8; ++i) product.values[i] = a[i] * b[i];
  return product;
}

inline Eight operator*(const Eight& a, float b) {
  Eight product;
  for (int i = 0; i < 8; ++i) product.values[i] = a[i] * b;
  return product;
}

inline Eight& operator+=(Eight& a, const Eight& b) { return a = a + b; }

inline void share_of(const Eight& value, Eight& share) {
  for (int i = 0; i < 8; ++i) {
    const float size = value[i] < 0 ? -value[i] : value[i];
    share.values[i] = 1 / (size > 1 ? size : 1);
  }
}
#endif

}  // namespace
}  // namespace lpat::dis_flow
