#include "lpat/level_sets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "segments/above_level.hpp"
#include "segments/class_scores.hpp"
#include "segments/score_checks.hpp"
#include "segments/simd_loops.hpp"

namespace lpat {
namespace {

constexpr std::size_t rows_at_once = 128;

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

// Largest margin of each column, and a check that all values are finite.
std::vector<float> highest_margins(const Matrix& scores, const Matrix& threshold) {
  std::vector<float> highest(scores.columns, std::numeric_limits<float>::lowest());
  for (std::size_t first = 0; first < scores.rows; first += rows_at_once) {
    const std::size_t stop = std::min(first + rows_at_once, scores.rows);
    require_finite_rows(scores, first, stop, "scores");
    require_finite_rows(threshold, first, stop, "threshold");
    for (std::size_t t = first; t < stop; ++t) {
      const float* row = scores.values.data() + t * scores.columns;
      const float* thresholds = threshold.values.data() + t * threshold.columns;
      if (threshold.columns == 1) {
        raise_maxima(row, *thresholds, scores.columns, highest.data());
      } else {
        raise_maxima(row, thresholds, scores.columns, highest.data());
      }
    }
  }
  return highest;
}

// A range of margins, and of it the sets of a run above the lowest level.
class MarginRange {
 public:
  MarginRange(std::span<const double> edges, const LevelOptions& options)
      : edges_(edges), options_(options), snippets_(edges.size() - 1) {}

  // Adds the sets within a run, of which `reach` is all that lies in the run or just outside of any
  // of its sets. How many levels lie below each margin says all: where that number changes, sets
  // begin or end. From the last snippet to the first, those of one `first` are met in order of
  // length, and so all come out backwards.
  void find(const ClassScores& values, std::int64_t label, Range run, Range reach,
            std::span<const float> levels, std::vector<LevelSet>& sets) {
    reach_ = reach.first;
    levels_ = levels;
    const std::size_t inside = run.first - reach.first;
    margins_.resize(std::max(margins_.size(), reach.length() + block_length));
    for (std::size_t i = 0; i < reach.length(); ++i) margins_[i] = values.score(reach.first + i);
    const float* thresholds = values.thresholds(reach, thresholds_);
    subtract(margins_.data(), thresholds, reach.length());
    gate_sums_.resize(std::max(gate_sums_.size(), reach.length() + 1));
    sum_gates(margins_.data(), reach.length(), static_cast<float>(options_.sharpness),
              gate_sums_.data());
    const std::size_t blocks = (run.length() + block_length - 1) / block_length;
    counts_.resize(std::max(counts_.size(), (blocks + 1) * block_length));
    count_levels(margins_.data() + inside, blocks * block_length, levels, counts_.data());
    std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(run.length()), block_length, 0);
    found_.clear();
    for_each_change(counts_.data(), run.length() / sizeof(std::uint64_t) + 1, [&](std::size_t i) {
      change(run.first + i, counts_[i - 1], counts_[i]);
    });
    change(run.first, 0, counts_.front());
    for (std::size_t i = found_.size(); i-- > 0;) add(found_[i], label, sets);
  }

 private:
  struct Found {
    Range range;
    float level;
  };

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

  void add(const Found& found, std::int64_t label, std::vector<LevelSet>& sets) const {
    const Range range = found.range;
    const auto level = static_cast<double>(found.level);
    const bool cross = options_.boundary == Boundary::crossing;
    const double start = cross && range.first > 0 ? pass(level, range.first - 1)
                                                  : edges_[range.first];
    const double end = cross && range.stop < snippets_ ? pass(level, range.stop - 1)
                                                       : edges_[range.stop];
    if (!(start < end)) return;
    const auto length = static_cast<double>(range.length());
    const Summary margins = summary_of(&margins_[range.first - reach_], range.length());
    const double mean_gate = gate_sum(range) / length;
    const Flanks flanks(range, snippets_);
    const double outside = flanks.length() == 0
                               ? 0.5
                               : (gate_sum(flanks.before) + gate_sum(flanks.after)) /
                                     static_cast<double>(flanks.length());
    sets.push_back({.class_index = label,
                    .first = static_cast<std::int64_t>(range.first),
                    .stop = static_cast<std::int64_t>(range.stop),
                    .start = start,
                    .end = end,
                    .level = level,
                    .peak = static_cast<double>(margins.maximum),
                    .mean_margin = margins.sum / length,
                    .mean_gate = mean_gate,
                    .contrast = mean_gate - outside});
  }

  // Where the margin passes the level between the centres of snippets t and t + 1.
  double pass(double level, std::size_t t) const {
    return crossing(edges_, t, static_cast<double>(margins_[t - reach_]) - level,
                    static_cast<double>(margins_[t + 1 - reach_]) - level);
  }

  double gate_sum(Range range) const {
    const std::uint64_t sum = gate_sums_[range.stop - reach_] - gate_sums_[range.first - reach_];
    return static_cast<double>(sum) / gate_unit;
  }

  std::span<const double> edges_;
  const LevelOptions& options_;
  std::size_t snippets_;
  std::size_t reach_ = 0;  // the snippet that the margins begin with
  std::span<const float> levels_;
  std::vector<float> margins_;            // of the reach, with room for a block
  std::vector<float> thresholds_;         // of the reach, where the class has its own
  std::vector<std::uint64_t> gate_sums_;  // of its snippets before each
  std::vector<std::uint8_t> counts_;      // of the levels below each margin of the run, then zeros
  std::vector<Found> found_;
  std::array<std::size_t, most_levels> stops_{};  // of the open set of each level
};

// One pass over the scores finds the runs above the lowest level. Only they, and as much around
// them, are looked at closely, while they are near at hand: all sets lie in them, with what is just
// outside of each.
class LevelSweep {
 public:
  LevelSweep(const Matrix& scores, const Matrix& threshold, std::span<const double> edges,
             std::span<const std::int64_t> classes, const LevelOptions& options)
      : scores_(scores),
        classes_(classes),
        options_(options),
        above_(scores, threshold, classes, margin_levels(0, options).front()),
        margin_range_(edges, options),
        firsts_(classes.size()) {
    const auto highest = highest_margins(scores, threshold);
    for (const auto label : classes) {
      const auto column = static_cast<std::size_t>(label);
      class_scores_.emplace_back(scores, threshold, column);
      levels_.push_back(margin_levels(highest[column], options));
    }
  }

  // By class, then time.
  std::vector<LevelSet> sets() {
    for (std::size_t first = 0; first < scores_.rows; first += rows_at_once) {
      const std::size_t stop = std::min(first + rows_at_once, scores_.rows);
      for (std::size_t t = first; t < stop; ++t) {
        above_.step(t, [&](std::size_t k, bool above) { change(k, above, t); });
      }
      find_sets(stop);
      // A sixteenth of the video says about how many to expect of all of it.
      if (first < scores_.rows / 16 && stop >= scores_.rows / 16) {
        sets_.reserve(sets_.size() * scores_.rows / stop * 5 / 4);
      }
    }
    above_.finish([&](std::size_t k, bool above) { change(k, above, scores_.rows); });
    find_sets(scores_.rows);
    return by_class();
  }

 private:
  struct Closed {
    std::size_t class_number;
    Range run;
    Range sets{0, 0};  // places in sets_
  };

  void change(std::size_t k, bool above, std::size_t t) {
    if (above) {
      firsts_[k] = t;
    } else if (t - firsts_[k] >= options_.minimum_snippets) {
      unfinished_.push_back(closed_.size());
      closed_.push_back({k, {firsts_[k], t}});
    }
  }

  // Finds the sets of closed runs, but for those that reach beyond snippet t, which wait.
  void find_sets(std::size_t t) {
    std::erase_if(unfinished_, [&](std::size_t i) {
      Closed& closed = closed_[i];
      const Flanks flanks(closed.run, scores_.rows);
      if (flanks.after.stop > t) return false;
      closed.sets.first = sets_.size();
      const std::size_t k = closed.class_number;
      margin_range_.find(class_scores_[k], classes_[k], closed.run,
                         {flanks.before.first, flanks.after.stop}, levels_[k], sets_);
      closed.sets.stop = sets_.size();
      return true;
    });
  }

  std::vector<LevelSet> by_class() const {
    std::vector<std::size_t> next(classes_.size() + 1, 0);
    for (const auto& closed : closed_) next[closed.class_number + 1] += closed.sets.length();
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<LevelSet> sets(sets_.size());
    for (const auto& closed : closed_) {
      for (std::size_t i = closed.sets.first; i < closed.sets.stop; ++i) {
        sets[next[closed.class_number]++] = sets_[i];
      }
    }
    return sets;
  }

  const Matrix& scores_;
  std::span<const std::int64_t> classes_;
  const LevelOptions& options_;
  AboveLevel above_;
  MarginRange margin_range_;
  std::vector<ClassScores> class_scores_;
  std::vector<std::vector<float>> levels_;  // of each class
  std::vector<std::size_t> firsts_;         // of each class's latest run
  std::vector<Closed> closed_;              // in the order in which they ended
  std::vector<std::size_t> unfinished_;     // places in closed_
  std::vector<LevelSet> sets_;              // in the order in which they were found
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
  require_class_scores(scores, threshold, edges, classes, options.minimum_snippets);
  return LevelSweep(scores, threshold, edges, classes, options).sets();
}

}  // namespace lpat
