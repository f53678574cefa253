#include "lpat/segments.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <limits>
#include <numeric>

#include "segments/above_level.hpp"
#include "segments/class_scores.hpp"
#include "segments/score_checks.hpp"
#include "segments/simd_loops.hpp"

namespace lpat {
namespace {

// One pass over the scores in the order in which they lie in memory. What runs need of other rows is
// read every so many snippets, while those are still near at hand.
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
        above_(scores, threshold, classes, 0),
        open_(classes.size()) {
    for (const auto label : classes) {
      class_scores_.emplace_back(scores, threshold, static_cast<std::size_t>(label));
    }
    if (shared()) {
      threshold_sums_.resize(scores.rows + 1, 0);
      std::inclusive_scan(threshold.values.begin(), threshold.values.end(),
                          threshold_sums_.begin() + 1, std::plus<>{}, 0.0);
    }
  }

  // Runs by class, then time.
  std::vector<Run> runs() {
    for (std::size_t first = 0; first < scores_.rows; first += Sums::most) {
      const std::size_t stop = std::min(first + Sums::most, scores_.rows);
      require_finite_rows(scores_, first, stop, "scores");
      require_finite_rows(threshold_, first, stop, "threshold");
      for (std::size_t t = first; t < stop; ++t) {
        above_.step(t, [&](std::size_t k, bool above) { change(k, above, t); });
      }
      add_until(stop);
    }
    // One snippet past the last closes the runs that are still open.
    above_.finish([&](std::size_t k, bool above) { change(k, above, scores_.rows); });
    finish_contrasts(scores_.rows);
    return by_class();
  }

 private:
  // A class's latest run: all that is known of it while it is open.
  struct Open {
    std::size_t first = 0;
    std::size_t added = 0;  // the sums are of [first, added)
    Sums sums;
  };
  struct Closed {
    std::size_t class_number;
    Run run;
  };

  bool shared() const { return threshold_.columns == 1; }

  void change(std::size_t k, bool above, std::size_t t) {
    if (above) {
      open_[k] = {t, t, {}};
    } else {
      close(k, t);
    }
  }

  // Adds to the sums of open runs what they lack up to snippet t, and finishes closed ones.
  void add_until(std::size_t t) {
    for (std::size_t k = 0; k < open_.size(); ++k) {
      if (above_(k)) add(k, t);
    }
    finish_contrasts(t);
  }

  void add(std::size_t k, std::size_t stop) {
    Open& open = open_[k];
    std::array<float, Sums::most> scores;
    std::array<float, Sums::most> thresholds;
    const std::size_t count = stop - open.added;
    for (std::size_t i = 0; i < count; ++i) {
      scores[i] = class_scores_[k].score(open.added + i);
      if (!shared()) thresholds[i] = class_scores_[k].threshold(open.added + i);
    }
    open.sums.add(scores.data(),
                  shared() ? threshold_.values.data() + open.added : thresholds.data(), count);
    open.added = stop;
  }

  void close(std::size_t k, std::size_t stop) {
    const Range range{open_[k].first, stop};
    if (range.length() < minimum_snippets_) return;
    const bool cross = boundary_ == Boundary::crossing;
    Run run;
    run.class_index = classes_[k];
    run.first = static_cast<std::int64_t>(range.first);
    run.stop = static_cast<std::int64_t>(range.stop);
    run.start = cross && range.first > 0 ? zero_of(class_scores_[k], range.first - 1)
                                         : edges_[range.first];
    run.end = cross && range.stop < scores_.rows ? zero_of(class_scores_[k], range.stop - 1)
                                                 : edges_[range.stop];
    if (!(run.start < run.end)) return;
    add(k, stop);
    const Sums& sums = open_[k].sums;
    const auto length = static_cast<double>(range.length());
    run.mean_probability = sums.probability / length;
    run.mean_margin = sums.score / length;
    run.maximum_score = static_cast<double>(sums.maximum);
    run.contrast = run.mean_margin;
    unfinished_.push_back(closed_.size());
    closed_.push_back({k, run});
  }

  // Where the margin is zero between the centres of snippets t and t + 1.
  double zero_of(const ClassScores& values, std::size_t t) const {
    return crossing(edges_, t, values.margin(t), values.margin(t + 1));
  }

  // Takes from each run's mean score, which so far is all of its margin and contrast, the threshold
  // and what is outside; but for runs whose flanks reach beyond snippet t, which wait.
  void finish_contrasts(std::size_t t) {
    std::erase_if(unfinished_, [&](std::size_t i) {
      auto& [k, run] = closed_[i];
      const Range range{static_cast<std::size_t>(run.first), static_cast<std::size_t>(run.stop)};
      const Flanks flanks(range, scores_.rows);
      if (flanks.after.stop > t) return false;
      const double threshold = sum_of_threshold(k, range) / static_cast<double>(range.length());
      run.mean_margin -= threshold;
      run.contrast -= flanks.length() == 0 ? threshold
                                           : (score_sum(class_scores_[k], flanks.before) +
                                              score_sum(class_scores_[k], flanks.after)) /
                                                 static_cast<double>(flanks.length());
      return true;
    });
  }

  double sum_of_threshold(std::size_t k, Range range) const {
    if (!shared()) return threshold_sum(class_scores_[k], range);
    return threshold_sums_[range.stop] - threshold_sums_[range.first];
  }

  std::vector<Run> by_class() const {
    std::vector<std::size_t> next(classes_.size() + 1, 0);
    for (const auto& [class_number, run] : closed_) ++next[class_number + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::vector<Run> runs(closed_.size());
    for (const auto& [class_number, run] : closed_) runs[next[class_number]++] = run;
    return runs;
  }

  const Matrix& scores_;
  const Matrix& threshold_;
  std::span<const double> edges_;
  std::span<const std::int64_t> classes_;
  Boundary boundary_;
  std::size_t minimum_snippets_;
  std::vector<ClassScores> class_scores_;
  std::vector<double> threshold_sums_;   // of the snippets before each, where classes share it
  AboveLevel above_;
  std::vector<Open> open_;               // of each class
  std::deque<Closed> closed_;            // in the order in which they ended
  std::vector<std::size_t> unfinished_;  // places in closed_
};

}  // namespace

std::vector<Run> extract_segments(const Matrix& scores, const Matrix& threshold,
                                  std::span<const double> edges,
                                  std::span<const std::int64_t> classes, Boundary boundary,
                                  std::size_t minimum_snippets) {
  require_class_scores(scores, threshold, edges, classes, minimum_snippets);
  return Sweep(scores, threshold, edges, classes, boundary, minimum_snippets).runs();
}

}  // namespace lpat
