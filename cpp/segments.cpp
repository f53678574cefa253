#include "lpat/segments.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

#include "lanes.hpp"
#include "score_checks.hpp"
#include "track.hpp"

namespace lpat {
namespace {

// One pass over the scores in the order in which they lie in memory.
class Sweep {
 public:
  Sweep(const Matrix& scores, const Matrix& threshold, std::span<const double> edges,
        std::span<const std::int64_t> classes, Boundary boundary, std::size_t minimum_snippets)
      : scores_(scores),
        threshold_(threshold),
        edges_(edges),
        classes_(classes),
        boundary_(boundary),
        minimum_snippets_(minimum_snippets),
        lanes_((classes.size() + Lanes::count - 1) / Lanes::count),
        score_row_(lanes_.size() * Lanes::count, never_above),
        threshold_row_(threshold.columns == 1 ? Lanes::count : score_row_.size(), 0.0F) {
    for (const auto label : classes) {
      tracks_.emplace_back(scores, threshold, static_cast<std::size_t>(label));
    }
    if (threshold.columns == 1) {
      threshold_sums_.resize(scores.rows + 1, 0);
      std::inclusive_scan(threshold.values.begin(), threshold.values.end(),
                          threshold_sums_.begin() + 1, std::plus<>{}, 0.0);
    }
    std::vector<std::int64_t> all(scores.columns);
    std::iota(all.begin(), all.end(), std::int64_t{0});
    every_class_ = std::ranges::equal(classes, all);
  }

  // Runs by track, then time.
  std::vector<Run> runs() {
    for (std::size_t t = 0; t < scores_.rows; ++t) {
      require_finite_row(scores_, t, "scores");
      require_finite_row(threshold_, t, "threshold");
      gather(t);
      step(t);
      if (t % settling == 0) settle(t);
    }
    // One snippet past the last closes the runs that are still open.
    std::ranges::fill(score_row_, never_above);
    step(scores_.rows);
    settle(scores_.rows);
    return by_track();
  }

 private:
  struct Closed {
    std::size_t track;
    Run run;
  };

  // What runs need from other rows is read while those are still near at hand: every so many
  // snippets.
  static constexpr std::size_t settling = 128;

  // A score that exceeds no threshold: for what follows the last track, and the last snippet.
  static constexpr float never_above = std::numeric_limits<float>::lowest();

  // The row's scores and thresholds in the order of the tracks. A threshold that tracks share is
  // enough for as many as are done at once.
  void gather(std::size_t t) {
    take(scores_, t, score_row_);
    if (threshold_.columns == 1) {
      std::ranges::fill(threshold_row_, threshold_(t, 0));
    } else {
      take(threshold_, t, threshold_row_);
    }
  }

  void take(const Matrix& matrix, std::size_t t, std::vector<float>& row) const {
    const auto values = matrix.values.subspan(t * matrix.columns, matrix.columns);
    if (every_class_) {
      std::ranges::copy(values, row.begin());
      return;
    }
    std::ranges::transform(classes_, row.begin(), [&](std::int64_t label) {
      return values[static_cast<std::size_t>(label)];
    });
  }

  void step(std::size_t t) {
    for (std::size_t n = 0; n < lanes_.size(); ++n) {
      Lanes& lanes = lanes_[n];
      const Lanes::Row scores = score_row_.data() + n * Lanes::count;
      const Lanes::Row threshold =
          threshold_row_.data() + (threshold_.columns == 1 ? 0 : n * Lanes::count);
      const auto now = compare(lanes, scores, threshold);
      if (now.changed) {
        for (std::size_t lane = 0; lane < Lanes::count; ++lane) {
          if (now.above[lane] == lanes.above[lane]) continue;
          if (now.above[lane] != 0) {
            lanes.open(lane, t);
          } else {
            close(n * Lanes::count + lane, lanes, lane, t);
          }
        }
        lanes.above = now.above;
      }
      if (now.any) lanes.add(scores, threshold);
    }
  }

  void close(std::size_t k, const Lanes& lanes, std::size_t lane, std::size_t stop) {
    const Range range{lanes.first[lane], stop};
    if (range.length() < minimum_snippets_) return;
    const bool cross = boundary_ == Boundary::crossing;
    Run run;
    run.class_index = classes_[k];
    run.first = static_cast<std::int64_t>(range.first);
    run.stop = static_cast<std::int64_t>(range.stop);
    run.start = cross && range.first > 0 ? zero_of(tracks_[k], range.first - 1)
                                         : edges_[range.first];
    run.end = cross && range.stop < scores_.rows ? zero_of(tracks_[k], range.stop - 1)
                                                 : edges_[range.stop];
    if (!(run.start < run.end)) return;
    const auto length = static_cast<double>(range.length());
    run.mean_probability = lanes.probability[lane] / length;
    run.mean_margin = lanes.score[lane] / length;
    run.maximum_score = static_cast<double>(lanes.maximum[lane]);
    run.contrast = run.mean_margin;
    unsettled_.push_back(closed_.size());
    closed_.push_back({k, run});
  }

  // Where the margin is zero between the centres of snippets t and t + 1.
  double zero_of(const Track& track, std::size_t t) const {
    return crossing(edges_, t, track.margin(t), track.margin(t + 1));
  }

  // Takes from each run's mean score, which so far is all of its margin and contrast, the threshold
  // and what is outside; but for runs whose flanks reach beyond snippet t, which wait.
  void settle(std::size_t t) {
    std::erase_if(unsettled_, [&](std::size_t i) {
      auto& [k, run] = closed_[i];
      const Range range{static_cast<std::size_t>(run.first), static_cast<std::size_t>(run.stop)};
      const Flanks flanks(range, scores_.rows);
      if (flanks.after.stop > t) return false;
      const double threshold = sum_of_threshold(k, range) / static_cast<double>(range.length());
      run.mean_margin -= threshold;
      run.contrast -= flanks.length() == 0 ? threshold
                                           : (score_sum(tracks_[k], flanks.before) +
                                              score_sum(tracks_[k], flanks.after)) /
                                                 static_cast<double>(flanks.length());
      return true;
    });
  }

  double sum_of_threshold(std::size_t k, Range range) const {
    if (threshold_sums_.empty()) return threshold_sum(tracks_[k], range);
    return threshold_sums_[range.stop] - threshold_sums_[range.first];
  }

  std::vector<Run> by_track() const {
    std::vector<std::size_t> next(classes_.size() + 1, 0);
    for (const auto& [track, run] : closed_) ++next[track + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<Run> runs(closed_.size());
    for (const auto& [track, run] : closed_) runs[next[track]++] = run;
    return runs;
  }

  const Matrix& scores_;
  const Matrix& threshold_;
  std::span<const double> edges_;
  std::span<const std::int64_t> classes_;
  Boundary boundary_;
  std::size_t minimum_snippets_;
  bool every_class_ = false;  // in the order of the columns
  std::vector<Track> tracks_;
  std::vector<double> threshold_sums_;  // of the snippets before each, where classes share it
  std::vector<Lanes> lanes_;
  std::vector<float> score_row_;
  std::vector<float> threshold_row_;
  std::vector<Closed> closed_;          // in the order in which they ended
  std::vector<std::size_t> unsettled_;  // places in closed_
};

}  // namespace

std::vector<Run> extract_segments(const Matrix& scores, const Matrix& threshold,
                                  std::span<const double> edges,
                                  std::span<const std::int64_t> classes, Boundary boundary,
                                  std::size_t minimum_snippets) {
  require_tracks(scores, threshold, edges, classes, minimum_snippets);
  return Sweep(scores, threshold, edges, classes, boundary, minimum_snippets).runs();
}

}  // namespace lpat
