#include "suppression/length_buckets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/stable_sort.hpp"

namespace lpat {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

// Rounding must lose no pair: all bounds are wider than they need to be by far more than that.
constexpr double slack = 1e-9;

double length(Interval segment) { return segment.end - segment.start; }
double middle(Interval segment) { return 0.5 * segment.start + 0.5 * segment.end; }

// How the logarithm of length is cut into buckets, so that two segments whose tIoU exceeds the
// threshold lie at most `far` buckets apart.
struct Division {
  double width;
  double far;

  explicit Division(double tiou) {
    // A bucket holds lengths up to a factor of 4, or more at thresholds so low that a segment would
    // have to look at too many buckets. None is so narrow that logarithms are too coarse for it.
    const double range = -std::log(tiou);
    far = std::clamp(std::ceil(range / std::log(4.0)), 1.0, 8.0);
    width = std::max(range / far, 1e-6) * (1 + 1e-6);
  }

  double bucket(double seconds) const { return std::floor(std::log(seconds) / width); }
};

}  // namespace

LengthBuckets::LengthBuckets(const Intervals& segments, std::span<const std::int64_t> classes,
                             double tiou)
    : tiou_(tiou), positions_(segments.size(), nowhere) {
  const Division division(tiou);
  std::vector<double> numbers(segments.size());
  std::vector<Keyed> items;
  items.reserve(segments.size());
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    const double seconds = length(segments[i]);
    if (!(seconds > 0 && std::isfinite(seconds))) continue;
    numbers[i] = division.bucket(seconds);
    items.push_back({ascending_key(middle(segments[i])), i});
  }
  sort_stably(items);
  sort_stably(items, [&](std::size_t i) { return ascending_key(numbers[i]); });
  sort_stably(items, [&](std::size_t i) { return ascending_key(classes[i]); });

  const auto count = static_cast<std::uint32_t>(items.size());
  segments_.resize(count);
  bucket_of_.resize(count);
  next_.resize(count + 1);  // the last never goes
  std::iota(next_.begin(), next_.end(), 0);
  std::vector<std::uint32_t> firsts;  // the first segment of each bucket
  for (std::uint32_t position = 0; position < count; ++position) {
    const std::uint32_t i = items[position].index;
    if (firsts.empty() || numbers[i] != numbers[firsts.back()] ||
        classes[i] != classes[firsts.back()]) {
      firsts.push_back(i);
      buckets_.push_back({.first = position});
    }
    Bucket& bucket = buckets_.back();
    bucket.stop = position + 1;
    bucket.longest = std::max(bucket.longest, length(segments[i]));
    segments_[position] = segments[i];
    bucket_of_[position] = static_cast<std::uint32_t>(buckets_.size() - 1);
    positions_[i] = position;
  }

  const auto near = [&](std::size_t a, std::size_t b) {
    return classes[firsts[a]] == classes[firsts[b]] &&
           std::abs(numbers[firsts[a]] - numbers[firsts[b]]) <= division.far;
  };
  std::size_t size = 0;
  for (std::size_t s = 0; s < buckets_.size(); ++s) {
    Bucket& bucket = buckets_[s];
    bucket.near_first = s;
    bucket.near_stop = s + 1;
    while (bucket.near_first > 0 && near(s, bucket.near_first - 1)) --bucket.near_first;
    while (bucket.near_stop < buckets_.size() && near(s, bucket.near_stop)) ++bucket.near_stop;
    bucket.ranges = size;
    size += (bucket.stop - bucket.first) * (bucket.near_stop - bucket.near_first);
  }
  range_starts_.resize(size);
  for (const Bucket& bucket : buckets_) find_ranges(bucket);
}

double LengthBuckets::reach(double seconds, double longest, double time) const {
  // Of lengths a and b, middles d apart, two segments share (a + b) / 2 - d unless one holds the
  // other, and tIoU > t where they share more than t (a + b) / (1 + t).
  const double share = 0.5 * (1 - tiou_) / (1 + tiou_) + slack;
  return (seconds + longest) * share + std::abs(time) * 1e-14 + std::numeric_limits<double>::min();
}

// Where each segment's range of each near bucket begins, as if it were the bucket's longest: then
// ranges begin in order of middles, as segments lie in buckets, and one pass over both finds all.
void LengthBuckets::find_ranges(const Bucket& bucket) {
  const std::size_t width = bucket.near_stop - bucket.near_first;
  for (std::size_t n = 0; n < width; ++n) {
    const Bucket& other = buckets_[bucket.near_first + n];
    std::uint32_t begin = other.first;
    for (std::uint32_t position = bucket.first; position < bucket.stop; ++position) {
      const double time = middle(segments_[position]);
      const double from = time - reach(bucket.longest, other.longest, time);
      while (begin < other.stop && middle(segments_[begin]) < from) ++begin;
      range_starts_[bucket.ranges + (position - bucket.first) * width + n] = begin;
    }
  }
}

// The first position from this one on whose segment is still there, or the number of positions.
std::uint32_t LengthBuckets::next_alive(std::uint32_t position) {
  while (next_[position] != position) {
    next_[position] = next_[next_[position]];
    position = next_[position];
  }
  return position;
}

bool LengthBuckets::take(std::size_t i) {
  const std::uint32_t own = positions_[i];
  if (own == nowhere) return true;
  if (next_[own] != own) return false;
  next_[own] = own + 1;
  const Interval segment = segments_[own];
  const double time = middle(segment);
  const Bucket& bucket = buckets_[bucket_of_[own]];
  const std::size_t width = bucket.near_stop - bucket.near_first;
  const std::uint32_t* begins = &range_starts_[bucket.ranges + (own - bucket.first) * width];
  for (std::size_t n = 0; n < width; ++n) {
    const Bucket& other = buckets_[bucket.near_first + n];
    const double to = time + reach(length(segment), other.longest, time);
    for (std::uint32_t position = next_alive(begins[n]);
         position < other.stop && middle(segments_[position]) <= to;
         position = next_alive(position + 1)) {
      if (temporal_iou(segment, segments_[position]) > tiou_) next_[position] = position + 1;
    }
  }
  return true;
}

}  // namespace lpat
