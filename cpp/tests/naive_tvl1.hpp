// TV-L1 flow of one pair, in double precision and as plainly as the paper has it: no rows that
// follow each other, no scaled units, every iteration's change measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "lpat/tvl1.hpp"

namespace naive {

struct Plane {
  int width;
  int height;
  std::vector<double> values = std::vector<double>(static_cast<std::size_t>(width * height));

  double& operator()(int y, int x) { return values[static_cast<std::size_t>(y * width + x)]; }
  double operator()(int y, int x) const { return values[static_cast<std::size_t>(y * width + x)]; }
  bool has(int y, int x) const { return y >= 0 && x >= 0 && y < height && x < width; }
  // The plane continues as it ends.
  double near(int y, int x) const {
    return (*this)(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
  }
  // 0 outside.
  double inside(int y, int x) const { return has(y, x) ? (*this)(y, x) : 0; }
};

inline Plane resampled(const Plane& plane, int width, int height, double step_x, double step_y) {
  Plane result{width, height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double at_x = std::clamp((x + 0.5) * step_x - 0.5, 0.0, plane.width - 1.0);
      const double at_y = std::clamp((y + 0.5) * step_y - 0.5, 0.0, plane.height - 1.0);
      const int i = static_cast<int>(at_y);
      const int j = static_cast<int>(at_x);
      const double s = at_y - i;
      const double t = at_x - j;
      result(y, x) = (1 - s) * ((1 - t) * plane.near(i, j) + t * plane.near(i, j + 1)) +
                     s * ((1 - t) * plane.near(i + 1, j) + t * plane.near(i + 1, j + 1));
    }
  }
  return result;
}

inline double keys(double distance) {
  constexpr double a = -0.75;
  const double t = std::abs(distance);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

inline Plane warped(const Plane& plane, const Plane& u, const Plane& v) {
  Plane result{plane.width, plane.height};
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      const double at_x = x + u(y, x);
      const double at_y = y + v(y, x);
      const int i = static_cast<int>(std::floor(at_y));
      const int j = static_cast<int>(std::floor(at_x));
      for (int m = i - 1; m <= i + 2; ++m) {
        for (int n = j - 1; n <= j + 2; ++n) {
          result(y, x) += keys(at_y - m) * keys(at_x - n) * plane.inside(m, n);
        }
      }
    }
  }
  return result;
}

inline Plane median(const Plane& plane) {
  Plane result{plane.width, plane.height};
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      std::vector<double> values;
      for (int m = -2; m <= 2; ++m) {
        for (int n = -2; n <= 2; ++n) values.push_back(plane.near(y + m, x + n));
      }
      std::ranges::nth_element(values, values.begin() + 12);
      result(y, x) = values[12];
    }
  }
  return result;
}

// One component of the flow and its dual variable.
struct Component {
  Plane u;
  Plane px{u.width, u.height};
  Plane py{u.width, u.height};

  double divergence(int y, int x) const {
    return px(y, x) - px.inside(y, x - 1) + py(y, x) - py.inside(y - 1, x);
  }
  void dual_step(double ratio) {
    for (int y = 0; y < u.height; ++y) {
      for (int x = 0; x < u.width; ++x) {
        const double by_x = u.near(y, x + 1) - u(y, x);
        const double by_y = u.near(y + 1, x) - u(y, x);
        const double norm = 1 + ratio * std::hypot(by_x, by_y);
        px(y, x) = (px(y, x) + ratio * by_x) / norm;
        py(y, x) = (py(y, x) + ratio * by_y) / norm;
      }
    }
  }
};

// The flow's components of one scale, from what they begin with.
inline void solve_scale(const Plane& first, const Plane& second, Component& a, Component& b,
                        const lpat::Tvl1Options& options) {
  const int width = first.width;
  const int height = first.height;
  Plane by_x{width, height};
  Plane by_y{width, height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      by_x(y, x) = (second.near(y, x + 1) - second.near(y, x - 1)) / 2;
      by_y(y, x) = (second.near(y + 1, x) - second.near(y - 1, x)) / 2;
    }
  }
  for (std::size_t warp = 0; warp < options.warps; ++warp) {
    const Plane there = warped(second, a.u, b.u);
    const Plane jx = warped(by_x, a.u, b.u);
    const Plane jy = warped(by_y, a.u, b.u);
    const Plane u0 = a.u;
    const Plane v0 = b.u;
    double change = std::numeric_limits<double>::infinity();
    const double enough = options.epsilon * options.epsilon * width * height;
    for (std::size_t outer = 0; change > enough && outer < options.outer_iterations; ++outer) {
      a.u = median(a.u);
      b.u = median(b.u);
      for (std::size_t i = 0; change > enough && i < options.inner_iterations; ++i) {
        change = 0;
        for (int y = 0; y < height; ++y) {
          for (int x = 0; x < width; ++x) {
            const double square = jx(y, x) * jx(y, x) + jy(y, x) * jy(y, x);
            const double rho = there(y, x) + jx(y, x) * (a.u(y, x) - u0(y, x)) +
                               jy(y, x) * (b.u(y, x) - v0(y, x)) - first(y, x);
            const double limit = options.lambda * options.theta;
            const double move =
                square > 1.2e-7 ? std::clamp(-rho / square, -limit, limit) : 0;
            const double du = move * jx(y, x) + options.theta * a.divergence(y, x);
            const double dv = move * jy(y, x) + options.theta * b.divergence(y, x);
            a.u(y, x) += du;
            b.u(y, x) += dv;
            change += du * du + dv * dv;
          }
        }
        a.dual_step(options.tau / options.theta);
        b.dual_step(options.tau / options.theta);
      }
    }
  }
}

// Flow (2, H, W) between the two frames.
inline std::vector<double> tvl1(const lpat::Frames& frames, const lpat::Tvl1Options& options) {
  const int width = static_cast<int>(frames.width);
  const int height = static_cast<int>(frames.height);
  std::vector<Plane> scales[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const auto pixels = frames.values.subspan(i * frames.width * frames.height,
                                              frames.width * frames.height);
    scales[i].push_back({width, height, {pixels.begin(), pixels.end()}});
    while (scales[i].size() < options.scales) {
      const Plane& last = scales[i].back();
      const int w = static_cast<int>(std::nearbyint(last.width * options.factor));
      const int h = static_cast<int>(std::nearbyint(last.height * options.factor));
      if (std::min(w, h) < 16) break;
      scales[i].push_back(resampled(last, w, h, 1 / options.factor, 1 / options.factor));
    }
  }
  const Plane& coarsest = scales[0].back();
  Component a{{coarsest.width, coarsest.height}};
  Component b{{coarsest.width, coarsest.height}};
  for (std::size_t scale = scales[0].size(); scale-- > 0;) {
    solve_scale(scales[0][scale], scales[1][scale], a, b, options);
    if (scale == 0) break;
    const Plane& finer = scales[0][scale - 1];
    for (Component* c : {&a, &b}) {
      Plane u = resampled(c->u, finer.width, finer.height,
                          static_cast<double>(c->u.width) / finer.width,
                          static_cast<double>(c->u.height) / finer.height);
      for (double& value : u.values) value /= options.factor;
      *c = {u};
    }
  }
  std::vector<double> flow = a.u.values;
  flow.insert(flow.end(), b.u.values.begin(), b.u.values.end());
  return flow;
}

}  // namespace naive
