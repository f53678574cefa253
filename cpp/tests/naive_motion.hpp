// What `lpat::describe_motion` measures, in double precision and the plainest way.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "lpat/motion.hpp"

namespace naive {

struct Field {
  std::size_t height;
  std::size_t width;
  std::vector<double> x;
  std::vector<double> y;
};

inline double place(std::size_t i, std::size_t count) {
  return -1 + 2 * static_cast<double>(i) / static_cast<double>(count - 1);
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Camera's coefficients, by Cramer's rule.
inline std::array<double, 6> camera(const Field& field) {
  std::vector<std::array<double, 5>> sample;  // across, down, x, y
  const std::size_t rows = (field.height + 1) / 4;
  const std::size_t columns = (field.width + 1) / 4;
  std::vector<double> xs;
  std::vector<double> ys;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const std::size_t i = (4 * r + 2) * field.width + 4 * c + 2;
      sample.push_back({place(c, columns), place(r, rows), field.x[i], field.y[i], 0});
      xs.push_back(field.x[i]);
      ys.push_back(field.y[i]);
    }
  }
  std::array<double, 6> k{median(xs), 0, 0, median(ys), 0, 0};
  for (int step = 0; step < 5; ++step) {
    std::vector<double> squares;
    for (auto& [across, down, x, y, squared] : sample) {
      squared = std::pow(x - k[0] - k[1] * across - k[2] * down, 2) +
                std::pow(y - k[3] - k[4] * across - k[5] * down, 2);
      squares.push_back(squared);
    }
    const double scale = std::max(2 * median(squares), 0.01);
    double m[3][5] = {};
    double total = 0;
    for (const auto& [across, down, x, y, squared] : sample) {
      const double weight = 1 / (1 + squared / scale);
      const double basis[3] = {1, across, down};
      total += weight;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) m[i][j] += weight * basis[i] * basis[j];
        m[i][3] += weight * basis[i] * x;
        m[i][4] += weight * basis[i] * y;
      }
    }
    for (auto& row : m) {
      for (double& value : row) value /= total;
    }
    m[0][0] += 1e-6;
    m[1][1] += 0.02;
    m[2][2] += 0.02;
    const auto determinant = [&](int a, int b, int c) {
      return m[0][a] * (m[1][b] * m[2][c] - m[1][c] * m[2][b]) -
             m[0][b] * (m[1][a] * m[2][c] - m[1][c] * m[2][a]) +
             m[0][c] * (m[1][a] * m[2][b] - m[1][b] * m[2][a]);
    };
    const double whole = determinant(0, 1, 2);
    for (int part = 0; part < 2; ++part) {
      const auto base = static_cast<std::size_t>(3 * part);
      k[base] = determinant(3 + part, 1, 2) / whole;
      k[base + 1] = determinant(0, 3 + part, 2) / whole;
      k[base + 2] = determinant(0, 1, 3 + part) / whole;
    }
  }
  return k;
}

// How much a vector points in each of 8 directions.
inline std::array<double, 8> directions(double x, double y) {
  std::array<double, 8> result{};
  const double step = std::numbers::pi / 4;
  for (std::size_t k = 0; k < 8; ++k) {
    const double angle = static_cast<double>(k) * step;
    const double along = x * std::cos(angle) + y * std::sin(angle);
    result[k] = std::max(0.0, (along - std::hypot(x, y) * std::cos(step)) / (1 - std::cos(step)));
  }
  return result;
}

inline double weight(std::size_t i, std::size_t count, std::size_t cell, std::size_t cells) {
  const double at = (static_cast<double>(i) + 0.5) / static_cast<double>(count) *
                        static_cast<double>(cells) - 0.5;
  const double inside = std::clamp(at, 0.0, static_cast<double>(cells - 1));
  return std::max(0.0, 1 - std::abs(inside - static_cast<double>(cell)));
}

// A field's cells (rows * columns, motion_channels) and focus (7).
struct Statistics {
  std::vector<double> cells;
  std::vector<double> centred;
  std::array<double, 7> focus;
};

inline Statistics statistics(Field field, const std::array<double, 6>& camera,
                             std::size_t rows, std::size_t columns, double still) {
  const std::size_t height = field.height;
  const std::size_t width = field.width;
  for (std::size_t r = 0; r < height; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      const double across = place(c, width);
      const double down = place(r, height);
      field.x[r * width + c] -= camera[0] + camera[1] * across + camera[2] * down;
      field.y[r * width + c] -= camera[3] + camera[4] * across + camera[5] * down;
    }
  }
  // One-sided at the borders.
  const auto slope = [&](const std::vector<double>& plane, std::size_t r, std::size_t c,
                         bool right) {
    const std::size_t i = right ? c : r;
    const std::size_t count = right ? width : height;
    const std::size_t step = right ? 1 : width;
    const std::size_t at = r * width + c;
    const std::size_t before = i == 0 ? at : at - step;
    const std::size_t after = i + 1 == count ? at : at + step;
    return (plane[after] - plane[before]) / (i == 0 || i + 1 == count ? 1.0 : 2.0);
  };
  Statistics result;
  result.cells.resize(rows * columns * lpat::motion_channels);
  double total = 1e-3;
  double sums[6] = {};
  const double ratio = static_cast<double>(height) / static_cast<double>(width);
  const double pixels = static_cast<double>(height * width);
  for (std::size_t r = 0; r < height; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      const double x = field.x[r * width + c];
      const double y = field.y[r * width + c];
      const double squared = x * x + y * y;
      std::vector<double> values;
      for (const double v : directions(x, y)) values.push_back(v);
      values.push_back(std::max(0.0, 1 - std::sqrt(squared) / still));
      values.push_back(std::sqrt(squared));
      const double xr = slope(field.x, r, c, true);
      const double xd = slope(field.x, r, c, false);
      const double yr = slope(field.y, r, c, true);
      const double yd = slope(field.y, r, c, false);
      for (const double v : directions(xr, xd)) values.push_back(v);
      for (const double v : directions(yr, yd)) values.push_back(v);
      for (const double v : {xr + yd, yr - xd, xr - yd, yr + xd}) {
        values.push_back(std::max(v, 0.0));
        values.push_back(std::max(-v, 0.0));
      }
      values.push_back(x);
      values.push_back(y);
      for (std::size_t cell = 0; cell < rows * columns; ++cell) {
        const double share = weight(r, height, cell / columns, rows) *
                             weight(c, width, cell % columns, columns) / pixels;
        for (std::size_t k = 0; k < lpat::motion_channels; ++k) {
          result.cells[cell * lpat::motion_channels + k] += share * values[k];
        }
      }
      const double across = place(c, width);
      const double down = place(r, height) * ratio;
      total += squared;
      const double parts[6] = {x, y, across, down, across * across, down * down};
      for (int k = 0; k < 6; ++k) sums[k] += squared * parts[k];
    }
  }
  for (double& sum : sums) sum /= total;
  const double extent_x = std::sqrt(std::max(sums[4] - sums[2] * sums[2], 0.01));
  const double extent_y = std::sqrt(std::max(sums[5] - sums[3] * sums[3], 0.01));
  result.focus = {sums[0], sums[1], sums[2], sums[3], extent_x, extent_y, total / pixels};
  result.centred.resize(9 * 8);
  const double spacing = std::sqrt(extent_x * extent_y);
  for (std::size_t r = 0; r < height; ++r) {
    for (std::size_t c = 0; c < width; ++c) {
      const double right = std::clamp((place(c, width) - sums[2]) / spacing, -1.0, 1.0);
      const double below = std::clamp((place(r, height) * ratio - sums[3]) / spacing, -1.0, 1.0);
      const auto values = directions(field.x[r * width + c], field.y[r * width + c]);
      for (std::size_t cell = 0; cell < 9; ++cell) {
        const double share =
            std::max(0.0, 1 - std::abs(below - (static_cast<double>(cell / 3) - 1))) *
            std::max(0.0, 1 - std::abs(right - (static_cast<double>(cell % 3) - 1))) / pixels;
        for (std::size_t k = 0; k < 8; ++k) result.centred[cell * 8 + k] += share * values[k];
      }
    }
  }
  return result;
}

}  // namespace naive
