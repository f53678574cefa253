#include "lpat/level_sets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "lanes.hpp"
#include "score_checks.hpp"
#include "track.hpp"

namespace lpat {
namespace {

void require_options(const LevelOptions& options) {
  constexpr double most = std::numeric_limits<float>::max();
  if (!(options.lowest >= -most && options.lowest <= 0)) {
    throw std::invalid_argument("lowest must be a finite margin of at most 0, not " +
                                std::to_string(options.lowest));
  }
  if (!(options.highest_share >= 0 && options.highest_share <= 1)) {
    throw std::invalid_argument("highest_share must be from 0 to 1, not " +
                                std::to_string(options.highest_share));
  }
  if (options.count < 1 || options.count > most_levels) {
    throw std::invalid_argument("count must be from 1 to " + std::to_string(most_levels) +
                                ", not " + std::to_string(options.count));
  }
  if (!(options.sharpness > 0 && options.sharpness <= most)) {
    throw std::invalid_argument("sharpness must be positive and finite, not " +
                                std::to_string(options.sharpness));
  }
}

// Margins of some classes, each in one piece, with values below all levels after the last.
class MarginColumns {
 public:
  // As many classes as are read of a row at once. Each reading of the matrix is slow, as it skips.
  static constexpr std::size_t most = 2 * Tile::columns;

  MarginColumns(const Matrix& scores, const Matrix& threshold, std::size_t classes)
      : scores_(scores),
        threshold_(threshold),
        padded_((scores.rows / Tile::rows + 1) * Tile::rows),
        maxima_((std::min(classes, most) + Tile::columns - 1) / Tile::columns),
        values_(maxima_.size() * Tile::columns * padded_ + Tile::rows, lowest) {}

  std::size_t padded() const { return padded_; }
  const float* column(std::size_t k) const { return values_.data() + k * padded_; }
  float highest(std::size_t k) const { return maxima_[k / Tile::columns][k % Tile::columns]; }

  // Of at most so many classes.
  void fill(std::span<const std::int64_t> classes) {
    Tile scores{};
    Tile threshold{};
    for (auto& maxima : maxima_) maxima.fill(lowest);
    for (std::size_t first = 0; first < scores_.rows; first += Tile::rows) {
      const std::size_t count = std::min(Tile::rows, scores_.rows - first);
      for (std::size_t i = count; i < Tile::rows; ++i) {
        scores.values[i].fill(lowest);
        threshold.values[i].fill(0);
      }
      if (threshold_.columns == 1) {
        for (std::size_t i = 0; i < count; ++i) threshold.values[i].fill(threshold_(first + i, 0));
      }
      for (std::size_t k = 0; k < classes.size(); k += Tile::columns) {
        const auto labels = classes.subspan(k, std::min(Tile::columns, classes.size() - k));
        pick(scores_, first, count, labels, scores);
        if (threshold_.columns != 1) pick(threshold_, first, count, labels, threshold);
        subtract(scores, threshold, maxima_[k / Tile::columns]);
        scores.transpose(values_.data() + k * padded_ + first, padded_);
      }
    }
  }

 private:
  static constexpr float lowest = std::numeric_limits<float>::lowest();

  static bool consecutive(std::span<const std::int64_t> classes) {
    if (classes.size() != Tile::columns) return false;
    for (std::size_t k = 1; k < classes.size(); ++k) {
      if (classes[k] != classes[k - 1] + 1) return false;
    }
    return true;
  }

  static void pick(const Matrix& matrix, std::size_t first, std::size_t count,
                   std::span<const std::int64_t> classes, Tile& tile) {
    const float* values = matrix.values.data() + first * matrix.columns;
    if (consecutive(classes)) {
      values += classes.front();
      for (std::size_t i = 0; i < count; ++i, values += matrix.columns) {
        std::memcpy(tile.values[i].data(), values, sizeof(Tile::Row));
      }
      return;
    }
    for (std::size_t i = 0; i < count; ++i, values += matrix.columns) {
      for (std::size_t k = 0; k < classes.size(); ++k) {
        tile.values[i][k] = values[static_cast<std::size_t>(classes[k])];
      }
    }
  }

  const Matrix& scores_;
  const Matrix& threshold_;
  std::size_t padded_;
  std::vector<Tile::Row> maxima_;
  std::vector<float> values_;
};

// Places where bytes differ from the next, the last first: calls `change` with each that follows.
template <typename Change>
void for_each_change(const std::uint8_t* bytes, std::size_t words, Change change) {
  constexpr std::size_t size = sizeof(std::uint64_t);
  for (std::size_t word = words; word-- > 0;) {
    const std::uint8_t* here = bytes + word * size;
    if (std::memcmp(here, here + 1, size) == 0) continue;
    for (std::size_t i = size; i-- > 0;) {
      if (here[i] != here[i + 1]) change(word * size + i + 1);
    }
  }
}

// The level sets of one class after another. All lie in its runs above the lowest level, with all
// that is just outside of them: only those runs, and as much around them, are looked at closely.
class Levels {
 public:
  Levels(std::span<const double> edges, const LevelOptions& options, std::size_t padded)
      : edges_(edges),
        options_(options),
        snippets_(edges.size() - 1),
        counts_(padded + 2 * Tile::rows),
        gate_sums_(snippets_ + 1) {}

  // Adds those of a class to `sets`.
  void find(std::int64_t label, const MarginColumns& columns, std::size_t k,
            std::vector<LevelSet>& sets) {
    levels_ = margin_levels(columns.highest(k), options_);
    if (!(columns.highest(k) > levels_.front())) return;
    label_ = label;
    margins_ = columns.column(k);
    runs_.clear();
    count_levels(margins_, columns.padded(), std::span(levels_).first(1), counts_.data());
    std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(columns.padded()), Tile::rows, 0);
    std::size_t stop = 0;
    const auto border = [&](std::size_t t) {
      if (counts_[t] != 0) {
        runs_.push_back({t, stop});
      } else {
        stop = t;
      }
    };
    for_each_change(counts_.data(), columns.padded() / sizeof(std::uint64_t), border);
    if (counts_.front() != 0) border(0);
    const std::size_t before = sets.size();
    for (std::size_t i = runs_.size(); i-- > 0;) find_within(runs_[i], sets);
    set_times(sets, before);
  }

 private:
  struct Found {
    Range range;
    float level;
  };

  // How many levels lie below each margin says all: where that number changes, sets begin or end.
  // From the last snippet to the first, those of one `first` are met in order of length, and so all
  // come out backwards.
  void find_within(Range run, std::vector<LevelSet>& sets) {
    if (run.length() < options_.minimum_snippets) return;
    const Flanks flanks(run, snippets_);
    reach_ = flanks.before.first;
    sum_gates(margins_ + reach_, flanks.after.stop - reach_,
              static_cast<float>(options_.sharpness), gate_sums_.data());
    const std::size_t tiles = (run.length() + Tile::rows - 1) / Tile::rows;
    count_levels(margins_ + run.first, tiles * Tile::rows, levels_, counts_.data());
    std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(run.length()), Tile::rows + 1, 0);
    found_.clear();
    for_each_change(counts_.data(), run.length() / sizeof(std::uint64_t) + 1, [&](std::size_t i) {
      change(run.first + i, counts_[i - 1], counts_[i]);
    });
    change(run.first, 0, counts_.front());
    for (std::size_t i = found_.size(); i-- > 0;) add(found_[i], sets);
  }

  // Before snippet t the margin exceeds `before` levels, from it on `after`.
  void change(std::size_t t, std::size_t before, std::size_t after) {
    for (std::size_t n = after; n < before; ++n) stops_[n] = t;
    while (after > before) {
      const std::size_t top = after - 1;
      do --after;
      while (after > before && stops_[after - 1] == stops_[top]);
      const Range range{t, stops_[top]};
      if (range.length() < options_.minimum_snippets) continue;
      found_.push_back({range, levels_[(after + top) / 2]});
    }
  }

  void add(const Found& found, std::vector<LevelSet>& sets) const {
    const Range range = found.range;
    const auto length = static_cast<double>(range.length());
    const Summary margins = summary_of(margins_ + range.first, range.length());
    const double mean_gate = gate_sum(range) / length;
    const Flanks flanks(range, snippets_);
    const double outside = flanks.length() == 0
                               ? 0.5
                               : (gate_sum(flanks.before) + gate_sum(flanks.after)) /
                                     static_cast<double>(flanks.length());
    sets.push_back({.class_index = label_,
                    .first = static_cast<std::int64_t>(range.first),
                    .stop = static_cast<std::int64_t>(range.stop),
                    .level = static_cast<double>(found.level),
                    .peak = static_cast<double>(margins.maximum),
                    .mean_margin = margins.sum / length,
                    .mean_gate = mean_gate,
                    .contrast = mean_gate - outside});
  }

  // Of the sets from `first` on; those that take no time go. Edges and ends of sets lie far apart in
  // memory, and a loop that does nothing else waits for many of them at once.
  void set_times(std::vector<LevelSet>& sets, std::size_t first) const {
    const bool cross = options_.boundary == Boundary::crossing;
    const auto begin = sets.begin() + static_cast<std::ptrdiff_t>(first);
    for (auto set = begin; set != sets.end(); ++set) {
      const auto start = static_cast<std::size_t>(set->first);
      const auto stop = static_cast<std::size_t>(set->stop);
      set->start = cross && start > 0 ? pass(set->level, start - 1) : edges_[start];
      set->end = cross && stop < snippets_ ? pass(set->level, stop - 1) : edges_[stop];
    }
    const auto lasts = [](const LevelSet& set) { return set.start < set.end; };
    sets.erase(std::remove_if(begin, sets.end(), std::not_fn(lasts)), sets.end());
  }

  // Where the margin passes the level between the centres of snippets t and t + 1.
  double pass(double level, std::size_t t) const {
    return crossing(edges_, t, static_cast<double>(margins_[t]) - level,
                    static_cast<double>(margins_[t + 1]) - level);
  }

  double gate_sum(Range range) const {
    const std::uint64_t sum = gate_sums_[range.stop - reach_] - gate_sums_[range.first - reach_];
    return static_cast<double>(sum) / gate_unit;
  }

  std::span<const double> edges_;
  const LevelOptions& options_;
  std::size_t snippets_;
  std::int64_t label_ = 0;
  const float* margins_ = nullptr;
  std::vector<float> levels_;
  std::vector<Range> runs_;           // above the lowest level, the last first
  std::vector<std::uint8_t> counts_;  // of the levels below each margin of a run, then zeros
  std::size_t reach_ = 0;             // first snippet of the gates' sums
  std::vector<std::uint64_t> gate_sums_;
  std::vector<Found> found_;
  std::array<std::size_t, most_levels> stops_{};  // of the open set of each level
};

}  // namespace

std::vector<float> margin_levels(float highest, const LevelOptions& options) {
  require_options(options);
  if (options.count == 1) return {0};
  std::vector<float> levels{static_cast<float>(options.lowest), 0};
  const std::size_t others = highest > 0 ? options.count - 2 : 0;
  const double last = options.highest_share * static_cast<double>(highest);
  for (std::size_t k = 1; k <= others; ++k) {
    levels.push_back(
        static_cast<float>(last * static_cast<double>(k) / static_cast<double>(others)));
  }
  return levels;
}

std::vector<LevelSet> extract_level_sets(const Matrix& scores, const Matrix& threshold,
                                         std::span<const double> edges,
                                         std::span<const std::int64_t> classes,
                                         const LevelOptions& options) {
  require_options(options);
  require_tracks(scores, threshold, edges, classes, options.minimum_snippets);
  require_finite_rows(scores, 0, scores.rows, "scores");
  require_finite_rows(threshold, 0, scores.rows, "threshold");
  std::vector<LevelSet> runs;
  if (scores.rows == 0 || classes.empty()) return runs;
  MarginColumns columns(scores, threshold, classes.size());
  Levels levels(edges, options, columns.padded());
  for (std::size_t first = 0; first < classes.size(); first += MarginColumns::most) {
    const auto labels =
        classes.subspan(first, std::min(MarginColumns::most, classes.size() - first));
    columns.fill(labels);
    for (std::size_t k = 0; k < labels.size(); ++k) {
      levels.find(labels[k], columns, k, runs);
    }
    // About as many of each of the other classes are expected, and growing by and by is slow.
    if (first == 0) runs.reserve(runs.size() / labels.size() * classes.size() / 4 * 5);
  }
  return runs;
}

}  // namespace lpat
