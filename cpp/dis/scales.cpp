#include "dis/scales.hpp"

#include <algorithm>
#include <cmath>

namespace lpat::dis_flow {
namespace {

// How much of each pixel of a longer row lies in one of a shorter row.
struct Share {
  std::size_t begin;
  std::vector<float> weights;
};

std::vector<Share> shares_of(std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  std::vector<Share> shares(to);
  for (std::size_t i = 0; i < to; ++i) {
    const double begin = static_cast<double>(i) * step;
    const double end = std::min(begin + step, static_cast<double>(from));
    shares[i].begin = static_cast<std::size_t>(begin);
    for (auto at = static_cast<double>(shares[i].begin); at < end - 1e-3; ++at) {
      const double part = std::min(at + 1, end) - std::max(at, begin);
      shares[i].weights.push_back(static_cast<float>(part / (end - begin)));
    }
  }
  return shares;
}

// Means over areas of any size, rounded.
template <typename Value>
void reduce(const Value* values, std::ptrdiff_t pitch, Size size, const Plane& result,
            Size result_size) {
  const auto columns = shares_of(size.width, result_size.width);
  const auto rows = shares_of(size.height, result_size.height);
  for (std::size_t y = 0; y < result_size.height; ++y) {
    float* to = result.row(static_cast<std::ptrdiff_t>(y));
    for (std::size_t x = 0; x < result_size.width; ++x) {
      float sum = 0;
      for (std::size_t i = 0; i < rows[y].weights.size(); ++i) {
        const Value* from = values + static_cast<std::ptrdiff_t>(rows[y].begin + i) * pitch +
                            columns[x].begin;
        float across = 0;
        for (std::size_t j = 0; j < columns[x].weights.size(); ++j) {
          across += columns[x].weights[j] * static_cast<float>(from[j]);
        }
        sum += rows[y].weights[i] * across;
      }
      to[x] = std::nearbyint(sum);
    }
  }
}

bool is_half(Size size, Size half) {
  return size.height == 2 * half.height && size.width == 2 * half.width;
}

// Beyond its borders the picture goes on as it ends.
void surround(const Plane& plane, Size size) {
  const auto height = static_cast<std::ptrdiff_t>(size.height);
  const auto width = static_cast<std::ptrdiff_t>(size.width);
  for (std::ptrdiff_t y = 0; y < height; ++y) {
    float* row = plane.row(y);
    std::fill_n(row - border, border, row[0]);
    std::fill_n(row + width, plane.pitch - border - width, row[width - 1]);
  }
  for (std::ptrdiff_t y = 1; y <= border; ++y) {
    std::copy_n(plane.row(0) - border, plane.pitch, plane.row(-y) - border);
    std::copy_n(plane.row(height - 1) - border, plane.pitch, plane.row(height - 1 + y) - border);
  }
}

}  // namespace

std::vector<Size> scale_sizes(Size frame, std::size_t finest) {
  const auto longer = static_cast<double>(std::max(frame.height, frame.width));
  const auto shorter = static_cast<double>(std::min(frame.height, frame.width) / patch_size);
  const double coarsest =
      std::min(std::floor(std::log2(longer / (4 * patch_size)) + 0.5), std::floor(std::log2(shorter)));
  std::vector<Size> sizes{{frame.height >> finest, frame.width >> finest}};
  for (auto scale = static_cast<double>(finest); scale < coarsest; ++scale) {
    sizes.push_back({sizes.back().height / 2, sizes.back().width / 2});
  }
  return sizes;
}

std::ptrdiff_t pitch_of(std::size_t width) {
  return static_cast<std::ptrdiff_t>(flow::rounded_up(width + 2 * border + 1));
}

void Scales::build(std::span<const std::uint8_t> frame, Size size, const std::vector<Size>& sizes,
                   const Kernels& kernels) {
  std::size_t needed = 0;
  for (const auto& [height, width] : sizes) {
    needed += (height + 2 * border) * static_cast<std::size_t>(pitch_of(width));
  }
  float* next = memory_.unset(needed);
  planes_.clear();
  for (std::size_t scale = 0; scale < sizes.size(); ++scale) {
    const auto height = static_cast<std::ptrdiff_t>(sizes[scale].height);
    const auto width = static_cast<std::ptrdiff_t>(sizes[scale].width);
    const std::ptrdiff_t pitch = pitch_of(sizes[scale].width);
    const Plane plane{next + border * (pitch + 1), pitch};
    next += (height + 2 * border) * pitch;
    const Size before = scale == 0 ? size : sizes[scale - 1];
    const auto frame_pitch = static_cast<std::ptrdiff_t>(size.width);
    if (is_half(before, sizes[scale])) {
      for (std::ptrdiff_t y = 0; y < height; ++y) {
        if (scale == 0) {
          const std::uint8_t* row = frame.data() + 2 * y * frame_pitch;
          kernels.halve_bytes(row, row + frame_pitch, plane.row(y), width);
        } else {
          const Plane& finer = planes_.back();
          kernels.halve_floats(finer.row(2 * y), finer.row(2 * y + 1), plane.row(y), width);
        }
      }
    } else if (scale == 0) {
      reduce(frame.data(), frame_pitch, size, plane, sizes[0]);
    } else {
      reduce(planes_.back().origin, planes_.back().pitch, before, plane, sizes[scale]);
    }
    surround(plane, sizes[scale]);
    planes_.push_back(plane);
  }
}

}  // namespace lpat::dis_flow
