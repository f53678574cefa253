#include "evaluation/tied_orders.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "evaluation/average_precision.hpp"
#include "evaluation/interval_index.hpp"

namespace lpat {
namespace {

constexpr std::size_t most_outcomes = 1 << 13;
constexpr std::size_t mask_bits = 64;

// A detection and a truth whose tIoU suffices.
struct Edge {
  std::size_t detection;
  std::size_t truth;
  double tiou;
};

// What is reached from each other through edges.
struct Connected {
  std::vector<Edge> edges;             // by detection, then truth
  std::vector<std::size_t> detections;  // ascending
  std::vector<std::size_t> truths;      // ascending
};

std::vector<Edge> edges_of(const TiedClass& input, double lowest) {
  std::vector<Edge> edges;
  const IntervalIndex index(input.truths);
  for (std::size_t i = 0; i < input.detections.videos.size(); ++i) {
    const Interval segment = input.detections.segments[i];
    const std::size_t first = edges.size();
    for (const auto& entry : index.near(input.detections.videos[i], segment, lowest)) {
      const double tiou = temporal_iou(segment, entry.segment);
      if (tiou >= lowest) edges.push_back({i, entry.position, tiou});
    }
    std::ranges::sort(edges.begin() + static_cast<std::ptrdiff_t>(first), edges.end(), {},
                      &Edge::truth);
  }
  return edges;
}

std::vector<Connected> components_of(std::span<const Edge> edges, std::size_t truth_count) {
  // Truths that share a detection are one.
  std::vector<std::size_t> parent(truth_count);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&parent](std::size_t truth) {
    while (parent[truth] != truth) truth = parent[truth] = parent[parent[truth]];
    return truth;
  };
  for (std::size_t i = 1; i < edges.size(); ++i) {
    if (edges[i].detection == edges[i - 1].detection) {
      parent[root(edges[i].truth)] = root(edges[i - 1].truth);
    }
  }
  std::vector<std::size_t> number(truth_count, truth_count);
  std::vector<Connected> components;
  for (const Edge& edge : edges) {
    auto& its = number[root(edge.truth)];
    if (its == truth_count) {
      its = components.size();
      components.emplace_back();
    }
    auto& component = components[its];
    if (component.detections.empty() || component.detections.back() != edge.detection) {
      component.detections.push_back(edge.detection);
    }
    component.truths.push_back(edge.truth);
    component.edges.push_back(edge);
  }
  for (auto& [_, __, truths] : components) {
    std::ranges::sort(truths);
    const auto rest = std::ranges::unique(truths);
    truths.erase(rest.begin(), rest.end());
  }
  return components;
}

// True detections down to a group, at least and at most.
struct Found {
  std::size_t group;
  std::size_t least;
  std::size_t most;
};

// All outcomes of a component at one threshold, if they aren't too many.
class Outcomes {
 public:
  Outcomes(const Connected& component, std::span<const std::size_t> groups, Matcher matcher)
      : component_(component), groups_(groups), matcher_(matcher) {
    for (const std::size_t detection : component.detections) {
      const std::size_t group = groups[detection];
      if (found_.empty() || found_.back().group != group) {
        found_.push_back({group, std::numeric_limits<std::size_t>::max(), 0});
        members_.emplace_back();
      }
      members_.back().push_back(detection);
    }
    for (const Edge& edge : component.edges) of_detection_[edge.detection].push_back(edge);
    for (auto& [_, edges] : of_detection_) {
      if (matcher == Matcher::best_truth) {
        std::ranges::sort(edges, std::ranges::greater{},
                          [](const Edge& edge) { return std::pair(edge.tiou, edge.truth); });
      }
    }
  }

  // For each group of the component, in order; nothing where outcomes are too many.
  std::optional<std::vector<Found>> all() {
    const bool whole = matcher_ == Matcher::best_detection ? by_truths() : by_detections();
    if (!whole) return std::nullopt;
    return found_;
  }

  // What any greedy matching leaves possible, from the pairs that one of them has.
  std::vector<Found> half_and_double(std::span<const Match> matches) {
    std::size_t pairs = 0;
    std::size_t passed = 0;
    auto match = matches.begin();
    for (std::size_t g = 0; g < found_.size(); ++g) {
      for (const std::size_t detection : members_[g]) {
        while (match != matches.end() && match->detection < detection) ++match;
        pairs += match != matches.end() && match->detection == detection;
      }
      passed += members_[g].size();
      const std::size_t room = std::min(passed, component_.truths.size());
      // Where truths choose, the pairs down to a group needn't be a greedy matching there.
      const bool is_greedy = matcher_ != Matcher::best_detection;
      found_[g].least = is_greedy ? (pairs + 1) / 2 : 0;
      found_[g].most = is_greedy ? std::min(2 * pairs, room) : room;
    }
    return found_;
  }

 private:
  using Mask = std::uint64_t;

  void note(std::size_t g, std::size_t count) {
    found_[g].least = std::min(found_[g].least, count);
    found_[g].most = std::max(found_[g].most, count);
  }

  Mask bit_of(std::size_t truth) const {
    const auto place = std::ranges::lower_bound(component_.truths, truth);
    return Mask{1} << (place - component_.truths.begin());
  }

  // The truth that a detection takes where some are taken, as a mask; 0 for none.
  Mask taken_by(std::size_t detection, Mask taken) const {
    for (const Edge& edge : of_detection_.at(detection)) {
      if (const Mask bit = bit_of(edge.truth); !(taken & bit)) return bit;
    }
    return 0;
  }

  // Detections choose: group by group, from every set of taken truths to every one that follows.
  bool by_detections() {
    if (component_.truths.size() > mask_bits) return false;
    std::set<Mask> before{0};
    for (std::size_t g = 0; g < members_.size(); ++g) {
      const auto& members = members_[g];
      if (members.size() > mask_bits) return false;
      std::set<Mask> after;
      std::set<std::pair<Mask, Mask>> seen;  // detections that took a truth, truths taken
      std::vector<std::pair<Mask, Mask>> open;
      for (const Mask taken : before) open.emplace_back(0, taken);
      while (!open.empty()) {
        const auto [used, taken] = open.back();
        open.pop_back();
        if (!seen.emplace(used, taken).second) continue;
        if (seen.size() > most_outcomes) return false;
        bool ends = true;
        for (std::size_t i = 0; i < members.size(); ++i) {
          if (used >> i & 1) continue;
          const Mask bit = taken_by(members[i], taken);
          if (bit == 0) continue;
          ends = false;
          open.emplace_back(used | Mask{1} << i, taken | bit);
        }
        if (ends) after.insert(taken);
      }
      for (const Mask taken : after) note(g, static_cast<std::size_t>(std::popcount(taken)));
      before = std::move(after);
    }
    return true;
  }

  // Truths choose, in list order; of detections of equal tIoU and score, any may be the first.
  bool by_truths() {
    std::vector<std::vector<Edge>> of_truth(component_.truths.size());
    for (const Edge& edge : component_.edges) {
      const auto place = std::ranges::lower_bound(component_.truths, edge.truth);
      of_truth[static_cast<std::size_t>(place - component_.truths.begin())].push_back(edge);
    }
    for (auto& edges : of_truth) {
      std::ranges::sort(edges, {}, [this](const Edge& edge) {
        return std::pair(-edge.tiou, groups_[edge.detection]);
      });
    }
    std::set<std::size_t> taken;
    std::size_t outcomes = 0;
    const std::function<bool(std::size_t)> choose = [&](std::size_t t) {
      if (t == of_truth.size()) {
        if (++outcomes > most_outcomes) return false;
        std::size_t count = 0;
        for (std::size_t g = 0; g < members_.size(); ++g) {
          for (const std::size_t detection : members_[g]) count += taken.contains(detection);
          note(g, count);
        }
        return true;
      }
      const Edge* best = nullptr;
      for (const Edge& edge : of_truth[t]) {
        if (taken.contains(edge.detection)) continue;
        if (best != nullptr && (edge.tiou != best->tiou ||
                                groups_[edge.detection] != groups_[best->detection])) {
          break;
        }
        best = &edge;
        taken.insert(edge.detection);
        if (!choose(t + 1)) return false;
        taken.erase(edge.detection);
      }
      return best != nullptr || choose(t + 1);
    };
    return choose(0);
  }

  const Connected& component_;
  std::span<const std::size_t> groups_;
  Matcher matcher_;
  std::vector<Found> found_;                       // for each group of the component
  std::vector<std::vector<std::size_t>> members_;  // its detections
  std::map<std::size_t, std::vector<Edge>> of_detection_;
};

// Whether ties can't change what a component's detections are.
bool is_settled(const Connected& component, std::span<const std::size_t> groups, Matcher matcher) {
  if (matcher != Matcher::best_detection) {
    return std::ranges::adjacent_find(component.detections, {}, [&](std::size_t detection) {
             return groups[detection];
           }) == component.detections.end();
  }
  std::set<std::tuple<std::size_t, double, std::size_t>> seen;
  return std::ranges::all_of(component.edges, [&](const Edge& edge) {
    return seen.emplace(edge.truth, edge.tiou, groups[edge.detection]).second;
  });
}

// Detections of one truth of which the first in the order is true: all of the best group, or those of
// it with the largest tIoU where truths choose.
std::vector<std::size_t> competitors(const Connected& component,
                                     std::span<const std::size_t> groups, Matcher matcher) {
  const auto key = [&](const Edge& edge) {
    const double tiou = matcher == Matcher::best_detection ? -edge.tiou : 0;
    return std::pair(tiou, groups[edge.detection]);
  };
  const Edge& best = *std::ranges::min_element(component.edges, {}, key);
  std::vector<std::size_t> members;
  for (const Edge& edge : component.edges) {
    if (key(edge) == key(best)) members.push_back(edge.detection);
  }
  return members;
}

// True and false detections of each group in the best and the worst order.
class Tally {
 public:
  explicit Tally(const TiedClass& input) : dropped_(input.dropped), groups_(input.groups) {
    const std::size_t count = groups_.empty() ? 0 : groups_.back() + 1;
    best_.resize(count);
    worst_.resize(count);
    behind_.resize(count);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      best_[groups_[i]].wrong += is_clean(i);
      worst_[groups_[i]].wrong += is_clean(i);
    }
  }

  // A true detection that is certain.
  void add(std::size_t detection) { add_one_of(std::span(&detection, 1)); }

  // One of several of a group, the first of them, is true.
  void add_one_of(std::span<const std::size_t> members) {
    const std::size_t g = groups_[members.front()];
    const auto clean = std::ranges::count_if(members, [this](std::size_t i) { return is_clean(i); });
    const bool all_clean = static_cast<std::size_t>(clean) == members.size();
    ++best_[g].right;
    ++worst_[g].right;
    best_[g].wrong -= clean > 0;
    worst_[g].wrong -= all_clean;
    behind_[g].push_back(clean - all_clean);
  }

  // As many of a component as its outcomes leave possible.
  void add(const Connected& component, std::span<const Found> found) {
    const bool all_clean = std::ranges::all_of(component.detections,
                                               [this](std::size_t i) { return is_clean(i); });
    std::ptrdiff_t clean = 0;
    std::ptrdiff_t spared = 0;
    std::size_t least = 0;
    std::size_t most = 0;
    auto detection = component.detections.begin();
    for (const Found& its : found) {
      for (; detection != component.detections.end() && groups_[*detection] == its.group;
           ++detection) {
        clean += is_clean(*detection);
      }
      best_[its.group].right += static_cast<std::ptrdiff_t>(its.most - most);
      worst_[its.group].right += static_cast<std::ptrdiff_t>(its.least - least);
      // Which of them are true isn't known: some of those that else would take no rank, perhaps.
      const std::ptrdiff_t now = std::min(clean, static_cast<std::ptrdiff_t>(its.most));
      best_[its.group].wrong -= now - spared;
      if (all_clean) worst_[its.group].wrong -= static_cast<std::ptrdiff_t>(its.least - least);
      spared = now;
      least = its.least;
      most = its.most;
    }
  }

  PrecisionRange range(std::size_t truths, bool interpolated) {
    return {average_precision(worst_ranks(), truths, interpolated),
            average_precision(best_ranks(), truths, interpolated)};
  }

 private:
  struct Counts {
    std::ptrdiff_t right = 0;
    std::ptrdiff_t wrong = 0;
  };

  bool is_clean(std::size_t detection) const {
    return dropped_.empty() || dropped_[detection] == 0;
  }

  // Of each group the true ones come first.
  std::vector<std::size_t> best_ranks() const {
    std::vector<std::size_t> ranks;
    std::ptrdiff_t wrong = 0;
    std::ptrdiff_t before = 0;  // false ones never become fewer
    for (const Counts& counts : best_) {
      for (std::ptrdiff_t i = 0; i < counts.right; ++i) {
        ranks.push_back(ranks.size() + static_cast<std::size_t>(before));
      }
      wrong += counts.wrong;
      before = std::max(before, wrong);
    }
    return ranks;
  }

  // Of each group the true ones come last, but before their competitors.
  std::vector<std::size_t> worst_ranks() {
    std::vector<std::size_t> ranks;
    std::ptrdiff_t before = 0;
    for (std::size_t g = 0; g < worst_.size(); ++g) {
      auto& behind = behind_[g];
      behind.resize(static_cast<std::size_t>(worst_[g].right), 0);
      std::ranges::sort(behind, std::ranges::greater{});
      before += worst_[g].wrong;
      std::ptrdiff_t after = std::reduce(behind.begin(), behind.end());
      for (const std::ptrdiff_t its : behind) {
        ranks.push_back(ranks.size() + static_cast<std::size_t>(before - after));
        after -= its;
      }
    }
    return ranks;
  }

  std::span<const char> dropped_;
  std::span<const std::size_t> groups_;
  std::vector<Counts> best_;
  std::vector<Counts> worst_;
  std::vector<std::vector<std::ptrdiff_t>> behind_;  // competitors of each certain true detection
};

PrecisionRange range_at(const TiedClass& input, std::span<const Edge> edges,
                        std::span<const Match> matches, const ProtocolOptions& options) {
  Tally tally(input);
  std::vector<char> is_true(input.groups.size(), 0);
  for (const Match& match : matches) is_true[match.detection] = 1;
  for (const auto& component : components_of(edges, input.truths.videos.size())) {
    if (is_settled(component, input.groups, options.matcher)) {
      for (const std::size_t detection : component.detections) {
        if (is_true[detection]) tally.add(detection);
      }
    } else if (component.truths.size() == 1) {
      tally.add_one_of(competitors(component, input.groups, options.matcher));
    } else {
      Outcomes outcomes(component, input.groups, options.matcher);
      const auto found = outcomes.all();
      tally.add(component, found ? *found : outcomes.half_and_double(matches));
    }
  }
  return tally.range(input.truths.videos.size(), options.interpolated);
}

}  // namespace

std::vector<PrecisionRange> tied_ranges(const TiedClass& input, std::span<const double> tious,
                                        const ProtocolOptions& options) {
  std::vector<PrecisionRange> ranges;
  if (tious.empty()) return ranges;
  const auto edges = edges_of(input, std::ranges::min(tious));
  for (std::size_t k = 0; k < tious.size(); ++k) {
    std::vector<Edge> sufficing;
    std::ranges::copy_if(edges, std::back_inserter(sufficing), [&](const Edge& edge) {
      return options.strict ? edge.tiou > tious[k] : edge.tiou >= tious[k];
    });
    ranges.push_back(range_at(input, sufficing, input.matches[k], options));
  }
  return ranges;
}

}  // namespace lpat
