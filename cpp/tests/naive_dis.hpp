// DIS flow of one pair, in double precision and as plainly as it can be said: no colours, no rows that
// follow each other, the refinement as an increment of the flow it began with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "lpat/dis.hpp"

namespace naive {

struct Plane {
  int width;
  int height;
  std::vector<double> values = std::vector<double>(static_cast<std::size_t>(width * height));

  double& operator()(int y, int x) { return values[static_cast<std::size_t>(y * width + x)]; }
  double operator()(int y, int x) const { return values[static_cast<std::size_t>(y * width + x)]; }
  bool has(int y, int x) const { return y >= 0 && x >= 0 && y < height && x < width; }
  double near(int y, int x) const {
    return (*this)(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1));
  }
  double inside(int y, int x) const { return has(y, x) ? (*this)(y, x) : 0; }
  // Mirrored at the outermost pixels.
  double mirrored(int y, int x) const {
    const auto mirror = [](int i, int count) { return i < 0 ? -i : i < count ? i : 2 * count - 2 - i; };
    return (*this)(mirror(y, height), mirror(x, width));
  }
  // Between four pixels.
  double at(double y, double x) const {
    const int i = static_cast<int>(std::floor(y));
    const int j = static_cast<int>(std::floor(x));
    const double s = y - i;
    const double t = x - j;
    return (1 - s) * ((1 - t) * near(i, j) + t * near(i, j + 1)) +
           s * ((1 - t) * near(i + 1, j) + t * near(i + 1, j + 1));
  }
};

struct Flow {
  Plane x;
  Plane y;
};

template <typename Function>
Plane plane_of(int width, int height, Function function) {
  Plane plane{width, height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) plane(y, x) = function(y, x);
  }
  return plane;
}

// Means over areas, rounded.
inline Plane reduced(const Plane& plane, int width, int height) {
  const auto part = [](int index, int from, int to, int pixel) {
    const double step = static_cast<double>(from) / to;
    return std::max(0.0, std::min<double>((index + 1) * step, pixel + 1) -
                             std::max<double>(index * step, pixel)) / step;
  };
  const bool half = plane.width == 2 * width && plane.height == 2 * height;
  return plane_of(width, height, [&](int y, int x) {
    double sum = 0;
    const int top = y * plane.height / height;
    const int left = x * plane.width / width;
    for (int i = top; i < plane.height && i < top + 2 * plane.height / height; ++i) {
      const double down = part(y, plane.height, height, i);
      for (int j = left; j < plane.width && j < left + 2 * plane.width / width; ++j) {
        sum += down * part(x, plane.width, width, j) * plane(i, j);
      }
    }
    return half ? std::floor(sum + 0.5 + 1e-9) : std::nearbyint(sum);
  });
}

inline Plane enlarged(const Plane& plane, int width, int height, double factor) {
  return plane_of(width, height, [&](int y, int x) {
    const double down = static_cast<double>(plane.height) / height;
    const double across = static_cast<double>(plane.width) / width;
    return factor * plane.at(std::clamp((y + 0.5) * down - 0.5, 0.0, plane.height - 1.0),
                             std::clamp((x + 0.5) * across - 0.5, 0.0, plane.width - 1.0));
  });
}

inline Plane by_x(const Plane& plane) {
  return plane_of(plane.width, plane.height,
                  [&](int y, int x) { return plane.near(y, x + 1) - plane.near(y, x - 1); });
}

inline Plane by_y(const Plane& plane) {
  return plane_of(plane.width, plane.height,
                  [&](int y, int x) { return plane.near(y + 1, x) - plane.near(y - 1, x); });
}

// A patch's sums at a flow: of the change times each slope, of the change, and of its square, once
// means are made the same.
struct Distance {
  double x = 0;
  double y = 0;
  double square = 0;
};

inline Distance distance(const Plane& first, const Plane& second, const Plane& gx, const Plane& gy,
                         int top, int left, double u, double v) {
  const double at_y = std::clamp<double>(top + v, -7, first.height - 1);
  const double at_x = std::clamp<double>(left + u, -7, first.width - 1);
  Distance sums;
  double change = 0;
  double slope_x = 0;
  double slope_y = 0;
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      const double d = second.at(at_y + i, at_x + j) - first(top + i, left + j);
      sums.x += d * gx(top + i, left + j);
      sums.y += d * gy(top + i, left + j);
      sums.square += d * d;
      change += d;
      slope_x += gx(top + i, left + j);
      slope_y += gy(top + i, left + j);
    }
  }
  sums.x -= change * slope_x / 64;
  sums.y -= change * slope_y / 64;
  sums.square -= change * change / 64;
  return sums;
}

// The patches' flow, which begins with that of the pixels in their middle.
inline Flow searched(const Plane& first, const Plane& second, const Flow& begin, int descents) {
  const int rows = 1 + (first.height - 8) / 4;
  const int columns = 1 + (first.width - 8) / 4;
  const auto sobel = [&](bool across) {
    return plane_of(first.width, first.height, [&](int y, int x) {
      double sum = 0;
      for (int k = -1; k <= 1; ++k) {
        const int weight = k == 0 ? 2 : 1;
        sum += weight * (across ? first.mirrored(y + k, x + 1) - first.mirrored(y + k, x - 1)
                                : first.mirrored(y + 1, x + k) - first.mirrored(y - 1, x + k));
      }
      return sum;
    });
  };
  const Plane gx = sobel(true);
  const Plane gy = sobel(false);
  Flow flow{plane_of(columns, rows, [&](int i, int j) { return begin.x(4 * i + 4, 4 * j + 4); }),
            plane_of(columns, rows, [&](int i, int j) { return begin.y(4 * i + 4, 4 * j + 4); })};
  const int tall = (rows + 7) / 8;
  const auto search = [&](int i, int j, int step, bool has_side, bool has_row) {
    const auto at = [&](double u, double v) {
      return distance(first, second, gx, gy, 4 * i, 4 * j, u, v);
    };
    double u = flow.x(i, j);
    double v = flow.y(i, j);
    double least = at(u, v).square;
    const auto attempt = [&](int row, int column) {
      const double square = at(flow.x(row, column), flow.y(row, column)).square;
      if (square >= least) return;
      least = square;
      u = flow.x(row, column);
      v = flow.y(row, column);
    };
    if (has_side) attempt(i, j - step);
    if (has_row) attempt(i - step, j);
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (int y = 4 * i; y < 4 * i + 8; ++y) {
      for (int x = 4 * j; x < 4 * j + 8; ++x) {
        xx += gx(y, x) * gx(y, x);
        xy += gx(y, x) * gy(y, x);
        yy += gy(y, x) * gy(y, x);
      }
    }
    const double determinant = std::max(xx * yy - xy * xy, 0.001);
    double to_u = u;
    double to_v = v;
    double before = 1e10;
    for (int t = 0; t < descents / 2; ++t) {
      const Distance sums = at(to_u, to_v);
      to_u -= (yy * sums.x - xy * sums.y) / determinant;
      to_v -= (xx * sums.y - xy * sums.x) / determinant;
      if (sums.square >= before) break;
      before = sums.square;
    }
    const bool near = std::hypot(to_u - u, to_v - v) <= 8;
    flow.x(i, j) = near ? to_u : u;
    flow.y(i, j) = near ? to_v : v;
  };
  for (int top = 0; top < rows; top += tall) {
    const int end = std::min(top + tall, rows);
    for (int i = top; i < end; ++i) {
      for (int j = 0; j < columns; ++j) search(i, j, 1, j > 0, i > top);
    }
    for (int i = end; i-- > top;) {
      for (int j = columns; j-- > 0;) search(i, j, -1, j + 1 < columns, i + 1 < end);
    }
  }
  return flow;
}

// Each pixel's mean of the flow of its patches; the last ones go on to the border.
inline Flow densified(const Plane& first, const Plane& second, const Flow& patches) {
  Flow flow{{first.width, first.height}, {first.width, first.height}};
  const auto range = [](int at, int count) {
    const int last = std::min(at / 4, count - 1);
    return std::pair{std::min(std::max(0, (at - 4) / 4), last), last};
  };
  for (int y = 0; y < first.height; ++y) {
    for (int x = 0; x < first.width; ++x) {
      double sum = 0;
      auto [top, bottom] = range(y, patches.x.height);
      auto [left, right] = range(x, patches.x.width);
      if (y >= 4 * top + 8) top = bottom;
      if (x >= 4 * left + 8) left = right;
      for (int i = top; i <= bottom; ++i) {
        for (int j = left; j <= right; ++j) {
          const double u = patches.x(i, j);
          const double v = patches.y(i, j);
          const double there = second.at(std::clamp(y + v, 0.0, first.height - 1.001),
                                         std::clamp(x + u, 0.0, first.width - 1.001));
          const double share = 1 / std::max(1.0, std::abs(there - first(y, x)));
          flow.x(y, x) += share * u;
          flow.y(y, x) += share * v;
          sum += share;
        }
      }
      flow.x(y, x) /= sum;
      flow.y(y, x) /= sum;
    }
  }
  return flow;
}

inline Flow refined(const Plane& first, const Plane& second, const Flow& begin,
                    const lpat::DisOptions& options) {
  const int width = first.width;
  const int height = first.height;
  const auto plane = [&](auto function) { return plane_of(width, height, function); };
  const Plane moved = plane([&](int y, int x) {
    return second.at(y + begin.y(y, x), x + begin.x(y, x));
  });
  const Plane mean = plane([&](int y, int x) { return (first(y, x) + moved(y, x)) / 2; });
  const Plane z = plane([&](int y, int x) { return moved(y, x) - first(y, x); });
  const Plane gx = by_x(mean);
  const Plane gy = by_y(mean);
  const Plane xx = by_x(gx);
  const Plane xy = by_y(gx);
  const Plane yy = by_y(gy);
  const Plane xz = by_x(z);
  const Plane yz = by_y(z);
  Plane du{width, height};
  Plane dv{width, height};
  for (std::size_t time = 0; time < options.refinements; ++time) {
    const Plane u = plane([&](int y, int x) { return begin.x(y, x) + du(y, x); });
    const Plane v = plane([&](int y, int x) { return begin.y(y, x) + dv(y, x); });
    const Plane w = plane([&](int y, int x) {
      const double square = std::pow(u.near(y, x + 1) - u(y, x), 2) +
                            std::pow(v.near(y, x + 1) - v(y, x), 2) +
                            std::pow(u.near(y + 1, x) - u(y, x), 2) +
                            std::pow(v.near(y + 1, x) - v(y, x), 2);
      return options.alpha / 2 / std::sqrt(square + 1e-4);
    });
    Plane a{width, height};
    Plane b{width, height};
    Plane c{width, height};
    Plane p{width, height};
    Plane q{width, height};
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        a(y, x) = b(y, x) = 0.01;
        const auto add = [&](double weight, double i, double j, double k) {
          a(y, x) += weight * i * i;
          b(y, x) += weight * j * j;
          c(y, x) += weight * i * j;
          p(y, x) -= weight * i * k;
          q(y, x) -= weight * j * k;
        };
        const auto rest = [&](double i, double j, double k) {
          return std::pow(k + i * du(y, x) + j * dv(y, x), 2) / (i * i + j * j + 0.01);
        };
        const double brightness = rest(gx(y, x), gy(y, x), z(y, x));
        const double slopes = rest(xx(y, x), xy(y, x), xz(y, x)) +
                              rest(xy(y, x), yy(y, x), yz(y, x));
        const double d = options.delta / 2 / std::sqrt(brightness + 1e-4);
        const double g = options.gamma / 2 / std::sqrt(slopes + 1e-4);
        const auto norm = [](double i, double j) { return i * i + j * j + 0.01; };
        add(d / norm(gx(y, x), gy(y, x)), gx(y, x), gy(y, x), z(y, x));
        add(g / norm(xx(y, x), xy(y, x)), xx(y, x), xy(y, x), xz(y, x));
        add(g / norm(xy(y, x), yy(y, x)), xy(y, x), yy(y, x), yz(y, x));
        const auto couple = [&](double weight, int i, int j) {
          if (!first.has(i, j)) return;
          a(y, x) += weight;
          b(y, x) += weight;
          p(y, x) += weight * (begin.x(i, j) - begin.x(y, x));
          q(y, x) += weight * (begin.y(i, j) - begin.y(y, x));
        };
        couple(w(y, x), y, x + 1);
        couple(w(y, x), y + 1, x);
        couple(w.inside(y, x - 1), y, x - 1);
        couple(w.inside(y - 1, x), y - 1, x);
      }
    }
    for (int step = 0; step < 10; ++step) {
      for (int y = 0; y < height; ++y) {
        for (int x = (y + step) % 2; x < width; x += 2) {
          const auto around = [&](const Plane& d) {
            return w.inside(y, x - 1) * d.inside(y, x - 1) + w(y, x) * d.inside(y, x + 1) +
                   w.inside(y - 1, x) * d.inside(y - 1, x) + w(y, x) * d.inside(y + 1, x);
          };
          du(y, x) += 1.6 * ((around(du) + p(y, x) - c(y, x) * dv(y, x)) / a(y, x) - du(y, x));
          dv(y, x) += 1.6 * ((around(dv) + q(y, x) - c(y, x) * du(y, x)) / b(y, x) - dv(y, x));
        }
      }
    }
  }
  return {plane([&](int y, int x) { return begin.x(y, x) + du(y, x); }),
          plane([&](int y, int x) { return begin.y(y, x) + dv(y, x); })};
}

// Flow (2, H, W) between the two frames.
inline std::vector<double> dis(const lpat::Frames& frames, const lpat::DisOptions& options) {
  const int width = static_cast<int>(frames.width);
  const int height = static_cast<int>(frames.height);
  const auto finest = static_cast<int>(options.finest_scale);
  const int coarsest = std::min(
      static_cast<int>(std::floor(std::log2(std::max(width, height) / 32.0) + 0.5)),
      static_cast<int>(std::floor(std::log2(std::min(width, height) / 8))));
  std::vector<Plane> scales[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const std::size_t pixels = frames.width * frames.height;
    const auto values = frames.values.subspan(i * pixels, pixels);
    const Plane full{width, height, {values.begin(), values.end()}};
    scales[i].push_back(finest == 0 ? full : reduced(full, width >> finest, height >> finest));
    for (int scale = finest; scale < coarsest; ++scale) {
      const Plane& last = scales[i].back();
      scales[i].push_back(reduced(last, last.width / 2, last.height / 2));
    }
  }
  Flow flow{{scales[0].back().width, scales[0].back().height},
            {scales[0].back().width, scales[0].back().height}};
  for (std::size_t scale = scales[0].size(); scale-- > 0;) {
    const Plane& first = scales[0][scale];
    const Plane& second = scales[1][scale];
    const Flow begin{enlarged(flow.x, first.width, first.height, 2),
                     enlarged(flow.y, first.width, first.height, 2)};
    flow = densified(first, second,
                     searched(first, second, begin, static_cast<int>(options.descents)));
    flow = refined(first, second, flow, options);
  }
  std::vector<double> result = enlarged(flow.x, width, height, 1 << finest).values;
  const Plane other = enlarged(flow.y, width, height, 1 << finest);
  result.insert(result.end(), other.values.begin(), other.values.end());
  return result;
}

}  // namespace naive
