#include "motion/camera.hpp"

#include <algorithm>
#include <utility>

namespace lpat::motion {
namespace {

constexpr std::size_t sample_step = 4;  // of the rows and columns that are sampled
constexpr int steps = 5;
constexpr float smallest_scale = 0.01F;

// A little ridge keeps the slopes at zero where the texture doesn't tell them.
constexpr std::array<double, 3> ridge{1e-6, 0.02, 0.02};

std::size_t sampled(std::size_t count) { return (count - sample_step / 2 + sample_step - 1) / sample_step; }

// The solution of a symmetric, positive definite system of three equations, by elimination.
std::array<double, 3> solution(std::array<std::array<double, 4>, 3> rows) {
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = k + 1; i < 3; ++i) {
      const double factor = rows[i][k] / rows[k][k];
      for (std::size_t j = k; j < 4; ++j) rows[i][j] -= factor * rows[k][j];
    }
  }
  std::array<double, 3> result{};
  for (std::size_t k = 3; k-- > 0;) {
    double rest = rows[k][3];
    for (std::size_t j = k + 1; j < 3; ++j) rest -= rows[k][j] * result[j];
    result[k] = rest / rows[k][k];
  }
  return result;
}

}  // namespace

std::vector<float> positions(std::size_t count) {
  std::vector<float> result(count, -1.0F);
  for (std::size_t i = 1; i < count; ++i) {
    result[i] = static_cast<float>(-1 + 2 * static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return result;
}

CameraFit::CameraFit(std::size_t height, std::size_t width, const Kernels& kernels)
    : height_(height), width_(width), kernels_(kernels) {
  const auto across = positions(sampled(width));
  const auto down = positions(sampled(height));
  count_ = across.size() * down.size();
  constexpr auto lanes = static_cast<std::size_t>(lane_count);
  const std::size_t padded = (count_ + lanes - 1) / lanes * lanes;
  for (const float y : down) {
    across_.insert(across_.end(), across.begin(), across.end());
    down_.insert(down_.end(), across.size(), y);
  }
  present_.assign(count_, 1.0F);
  for (auto* values : {&present_, &across_, &down_, &x_, &y_, &squared_}) values->resize(padded);
  keys_.resize(padded);
}

Coefficients CameraFit::fit(std::span<const float> field) {
  take_sample(field);
  Coefficients result{};
  result[0] = median(x_);
  result[3] = median(y_);
  const Sample sample{static_cast<std::ptrdiff_t>(count_),
                      static_cast<std::ptrdiff_t>(x_.size()),
                      present_.data(),
                      across_.data(),
                      down_.data(),
                      x_.data(),
                      y_.data()};
  for (int step = 0; step < steps; ++step) {
    kernels_.residuals(sample, result.data(), squared_.data());
    const float scale = std::max(2 * median(squared_), smallest_scale);
    std::array<float, fit_sums> sums{};
    kernels_.fit(sample, squared_.data(), scale, sums.data());
    const auto mean = [&](std::size_t k) {
      return static_cast<double>(sums[k]) / static_cast<double>(sums[0]);
    };
    for (const std::size_t part : {0U, 1U}) {
      const std::size_t right = 6 + 3 * part;
      const auto solved = solution({{{1 + ridge[0], mean(1), mean(2), mean(right)},
                                     {mean(1), mean(3) + ridge[1], mean(4), mean(right + 1)},
                                     {mean(2), mean(4), mean(5) + ridge[2], mean(right + 2)}}});
      for (std::size_t k = 0; k < 3; ++k) result[3 * part + k] = static_cast<float>(solved[k]);
    }
  }
  return result;
}

void CameraFit::take_sample(std::span<const float> field) {
  const float* x = field.data();
  const float* y = x + height_ * width_;
  std::size_t i = 0;
  for (std::size_t row = sample_step / 2; row < height_; row += sample_step) {
    for (std::size_t column = sample_step / 2; column < width_; column += sample_step, ++i) {
      x_[i] = x[row * width_ + column];
      y_[i] = y[row * width_ + column];
    }
  }
}

float CameraFit::median(const std::vector<float>& values) {
  return kernels_.median(values.data(), static_cast<std::ptrdiff_t>(count_),
                         static_cast<std::ptrdiff_t>(values.size()), keys_.data());
}

}  // namespace lpat::motion
