#include "motion/field.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace lpat::motion {
namespace {

constexpr auto block = static_cast<std::size_t>(lane_count);

std::size_t padded(std::size_t count) { return (count + block - 1) / block * block; }

std::vector<float> padded(std::vector<float> values) {
  values.resize(padded(values.size()));
  return values;
}

// Weights of each position by cell.
std::vector<std::vector<float>> weights_of(const std::vector<CellShare>& shares,
                                           std::size_t cells) {
  std::vector<std::vector<float>> weights(cells, std::vector<float>(padded(shares.size())));
  for (std::size_t x = 0; x < shares.size(); ++x) {
    const CellShare& share = shares[x];
    weights[share.first][x] = share.first_weight;
    if (share.second_weight != 0) weights[share.first + 1][x] = share.second_weight;
  }
  return weights;
}

// A position of -1 to 1 in three cells that are centred on -1, 0 and 1.
CellShare share_around(float position, float centre, float spacing) {
  const float relative = std::clamp((position - centre) / spacing, -1.0F, 1.0F);
  if (relative <= 0) return {0, -relative, 1 + relative};
  return {1, 1 - relative, relative};
}

// The channels of consecutive slots.
struct Block {
  MotionChannel channel;
  std::size_t slot;
  std::size_t count;
};

}  // namespace

std::vector<CellShare> cell_shares(std::size_t length, std::size_t cells) {
  std::vector<CellShare> shares;
  const auto last = static_cast<double>(cells - 1);
  for (std::size_t i = 0; i < length; ++i) {
    const double at = (static_cast<double>(i) + 0.5) / static_cast<double>(length) *
                          static_cast<double>(cells) - 0.5;
    const double inside = std::clamp(at, 0.0, last);
    const double floor = std::floor(inside);
    const auto second = static_cast<float>(inside - floor);
    shares.push_back({static_cast<std::size_t>(floor), static_cast<float>(1 - (inside - floor)),
                      second});
  }
  return shares;
}

FieldMeter::FieldMeter(std::size_t height, std::size_t width, const MotionOptions& options,
                       const Kernels& kernels)
    : height_(height),
      width_(width),
      pitch_(padded(width + 2) + block),
      options_(options),
      kernels_(kernels),
      across_(padded(positions(width))),
      ones_(padded(std::vector<float>(width, 1.0F))),
      down_(positions(height)),
      slope_down_(down_),
      row_shares_(cell_shares(height, options.rows)),
      column_weights_(weights_of(cell_shares(width, options.columns), options.columns)),
      residual_(2 * (height + 2) * pitch_ + 2 * block) {
  const float ratio = static_cast<float>(height) / static_cast<float>(width);
  for (float& y : down_) y *= ratio;
  for (const float x : across_) across_square_.push_back(x * x);
}

void FieldMeter::take(std::span<const float> field, const Coefficients& camera) {
  const std::size_t plane = (height_ + 2) * pitch_;
  const std::size_t pixels = height_ * width_;
  for (const std::size_t part : {0U, 1U}) {
    const float* c = camera.data() + 3 * part;
    float* origin = residual_.data() + block + part * plane + pitch_;
    for (std::size_t y = 0; y < height_; ++y) {
      float* row = origin + y * pitch_;
      kernels_.subtract(field.data() + part * pixels + y * width_, across_.data(),
                        c[0] + c[2] * slope_down_[y], c[1], static_cast<std::ptrdiff_t>(width_),
                        row);
      row[-1] = 2 * row[0] - row[1];
      row[width_] = 2 * row[width_ - 1] - row[width_ - 2];
    }
    const float* last = origin + (height_ - 1) * pitch_;
    for (std::size_t x = 0; x < width_; ++x) {
      (origin - pitch_)[x] = 2 * origin[x] - origin[pitch_ + x];
      (origin + height_ * pitch_)[x] = 2 * last[x] - (last - pitch_)[x];
    }
  }
}

ResidualRow FieldMeter::row(std::size_t y) const {
  const float* x = residual_.data() + block + (y + 1) * pitch_;
  return {x, x + (height_ + 2) * pitch_, static_cast<std::ptrdiff_t>(width_),
          static_cast<std::ptrdiff_t>(pitch_)};
}

std::span<float> FieldMeter::cleared(std::size_t count) {
  sums_.assign(std::max(count, sums_.size()), 0.0F);
  return {sums_.data(), count};
}

// Where a row's values go in sums (rows of cells, slots, padded width).
Shares FieldMeter::shares_of(float* sums, std::size_t slots, const CellShare& share) const {
  const std::size_t columns = across_.size();
  float* first = sums + share.first * slots * columns;
  float* second = share.second_weight == 0 ? first : first + slots * columns;
  return {first, second, share.first_weight, share.second_weight,
          static_cast<std::ptrdiff_t>(columns)};
}

float FieldMeter::dot(const float* columns, const std::vector<float>& weights) const {
  return kernels_.dot(columns, weights.data(), static_cast<std::ptrdiff_t>(weights.size()));
}

void FieldMeter::cells(std::span<float> result) {
  std::size_t slots = motion_slots;
  std::vector<Block> blocks{{motion_directions, 0, 10}, {motion_net, 10, 2}};
  const std::size_t kinematics = slots;
  if (options_.kinematics) {
    blocks.push_back({motion_kinematics, slots, kinematic_slots});
    slots += kinematic_slots;
  }
  const std::size_t boundaries = slots;
  if (options_.boundaries) {
    blocks.push_back({motion_boundaries, slots, boundary_slots});
    slots += boundary_slots;
  }
  const std::size_t columns = across_.size();
  const auto sums = cleared(options_.rows * slots * columns);
  for (std::size_t y = 0; y < height_; ++y) {
    const CellShare& share = row_shares_[y];
    kernels_.motion(row(y), options_.still, shares_of(sums.data(), slots, share));
    const auto from = [&](std::size_t slot) {
      return shares_of(sums.data() + slot * columns, slots, share);
    };
    if (options_.kinematics) kernels_.kinematics(row(y), from(kinematics));
    if (options_.boundaries) kernels_.boundaries(row(y), from(boundaries));
  }
  const auto pixels = static_cast<float>(height_ * width_);
  for (std::size_t r = 0; r < options_.rows; ++r) {
    for (const Block& block : blocks) {
      for (std::size_t k = 0; k < block.count; ++k) {
        const float* slot = sums.data() + (r * slots + block.slot + k) * columns;
        for (std::size_t c = 0; c < options_.columns; ++c) {
          result[(r * options_.columns + c) * motion_channels + block.channel + k] =
              dot(slot, column_weights_[c]) / pixels;
        }
      }
    }
  }
}

Focus FieldMeter::focus() {
  const std::size_t pitch = across_.size();
  const auto columns = cleared(focus_slots * pitch);
  for (std::size_t y = 0; y < height_; ++y) {
    kernels_.focus(row(y), down_[y], columns.data(), static_cast<std::ptrdiff_t>(pitch));
  }
  const auto sum = [&](std::size_t slot) { return dot(columns.data() + slot * pitch, ones_); };
  const float weight = sum(0) + 1e-3F;
  const float centre_x = dot(columns.data(), across_) / weight;
  const float centre_y = sum(3) / weight;
  const float spread_x = dot(columns.data(), across_square_) / weight - centre_x * centre_x;
  const float spread_y = sum(4) / weight - centre_y * centre_y;
  constexpr float smallest = 0.01F;
  return {sum(1) / weight,
          sum(2) / weight,
          centre_x,
          centre_y,
          std::sqrt(std::max(spread_x, smallest)),
          std::sqrt(std::max(spread_y, smallest)),
          weight / static_cast<float>(height_ * width_)};
}

void FieldMeter::centred(const Focus& focus, std::span<float> result) {
  const float spacing = std::sqrt(focus.extent_x * focus.extent_y);
  const std::size_t columns = across_.size();
  constexpr auto slots = static_cast<std::size_t>(direction_count);
  const auto sums = cleared(3 * slots * columns);
  for (std::size_t y = 0; y < height_; ++y) {
    const CellShare share = share_around(down_[y], focus.centre_y, spacing);
    kernels_.directions(row(y), shares_of(sums.data(), slots, share));
  }
  std::vector<CellShare> across;
  for (std::size_t x = 0; x < width_; ++x) {
    across.push_back(share_around(across_[x], focus.centre_x, spacing));
  }
  const auto weights = weights_of(across, 3);
  const auto pixels = static_cast<float>(height_ * width_);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t k = 0; k < slots; ++k) {
        result[(3 * r + c) * slots + k] =
            dot(sums.data() + (r * slots + k) * columns, weights[c]) / pixels;
      }
    }
  }
}

}  // namespace lpat::motion
