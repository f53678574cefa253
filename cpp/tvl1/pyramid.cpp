#include "tvl1/pyramid.hpp"

#include <cmath>

namespace lpat::flow {
namespace {

// Where between two neighbours a sample lies.
struct Position {
  std::size_t before;
  std::size_t after;
  float fraction;  // of the way from one to the other
};

Position position_of(std::size_t index, double step, std::size_t count) {
  const double at = (static_cast<double>(index) + 0.5) * step - 0.5;
  const auto last = static_cast<double>(count - 1);
  const double inside = std::min(std::max(at, 0.0), last);
  const double floor = std::floor(inside);
  const auto before = static_cast<std::size_t>(floor);
  return {before, std::min(before + 1, count - 1), static_cast<float>(inside - floor)};
}

float mixed(float before, float after, float fraction) {
  return before + (after - before) * fraction;
}

std::size_t scaled(std::size_t side, double factor) {
  return static_cast<std::size_t>(std::nearbyint(static_cast<double>(side) * factor));
}

// Half the difference of a pixel's neighbours; outside, the picture continues as it ends.
void differentiate(const float* grey, Size size, float* origin, std::ptrdiff_t pitch) {
  const std::size_t width = size.width;
  for (std::size_t y = 0; y < size.height; ++y) {
    const float* row = grey + y * width;
    const float* above = grey + (y == 0 ? 0 : y - 1) * width;
    const float* below = grey + std::min(y + 1, size.height - 1) * width;
    float* pixel = origin + static_cast<std::ptrdiff_t>(y) * pitch;
    for (std::size_t x = 0; x < width; ++x, pixel += Image::channels) {
      pixel[0] = row[x];
      pixel[1] = 0.5F * (row[std::min(x + 1, width - 1)] - row[x == 0 ? 0 : x - 1]);
      pixel[2] = 0.5F * (below[x] - above[x]);
    }
  }
}

}  // namespace

std::vector<Size> scale_sizes(Size frame, std::size_t scales, double factor, std::size_t smallest) {
  std::vector<Size> sizes{frame};
  while (sizes.size() < scales) {
    const Size size{scaled(sizes.back().height, factor), scaled(sizes.back().width, factor)};
    if (std::min(size.height, size.width) < smallest) break;
    sizes.push_back(size);
  }
  return sizes;
}

void resample(const Plane& plane, double step_y, double step_x, float* result,
              std::ptrdiff_t result_pitch, Size result_size) {
  std::vector<Position> columns(result_size.width);
  for (std::size_t x = 0; x < result_size.width; ++x) {
    columns[x] = position_of(x, step_x, plane.size.width);
  }
  for (std::size_t y = 0; y < result_size.height; ++y) {
    const Position row = position_of(y, step_y, plane.size.height);
    const float* upper = plane.origin + static_cast<std::ptrdiff_t>(row.before) * plane.pitch;
    const float* lower = plane.origin + static_cast<std::ptrdiff_t>(row.after) * plane.pitch;
    float* values = result + static_cast<std::ptrdiff_t>(y) * result_pitch;
    for (std::size_t x = 0; x < result_size.width; ++x) {
      const auto& [left, right, fraction] = columns[x];
      values[x] = mixed(mixed(upper[left], upper[right], fraction),
                        mixed(lower[left], lower[right], fraction), row.fraction);
    }
  }
}

void Pyramid::build(std::span<const std::uint8_t> frame, const std::vector<Size>& sizes,
                    double factor) {
  memory_.resize(sizes.size());
  images_.clear();
  float* grey = planes_[0].floats(frame.size());
  std::ranges::copy(frame, grey);
  for (std::size_t scale = 0; scale < sizes.size(); ++scale) {
    const auto [height, width] = sizes[scale];
    if (scale > 0) {
      const Size finer = sizes[scale - 1];
      const Plane plane{grey, static_cast<std::ptrdiff_t>(finer.width), finer};
      grey = planes_[scale % 2].floats(height * width);
      resample(plane, 1 / factor, 1 / factor, grey, static_cast<std::ptrdiff_t>(width),
               sizes[scale]);
    }
    const std::size_t border = Image::border;
    const auto pitch = static_cast<std::ptrdiff_t>(width + 2 * border) * Image::channels;
    float* corner = memory_[scale].zeros((height + 2 * border) * static_cast<std::size_t>(pitch));
    float* origin = corner + Image::border * (pitch + Image::channels);
    differentiate(grey, sizes[scale], origin, pitch);
    images_.push_back({origin, pitch, sizes[scale]});
  }
}

}  // namespace lpat::flow
