// The rules by which evaluation protocols differ. docs/evaluation.md states the three in use.
#pragma once

namespace lpat {

// Who chooses whom. "Best" is the largest tIoU.
enum class Matcher {
  best_truth,      // each detection, best first, takes the best free ground truth
  best_detection,  // each ground truth, in list order, takes the best free detection
  first_truth,     // each detection, best first, takes the first free ground truth of the list
};

// What becomes of detections that overlap an interval in which nobody can tell.
enum class AmbiguousRule {
  none,            // judged like the others
  drop_unmatched,  // left out of the ranking where they take no ground truth
  drop_all,        // left out before anything is matched
};

// What a class without detections adds to the mean over the classes.
enum class EmptyClass {
  zero,  // an average precision of 0
  skip,  // nothing: it is left out
};

// The defaults are ActivityNet's protocol.
struct ProtocolOptions {
  Matcher matcher = Matcher::best_truth;
  bool strict = false;       // whether a tIoU must exceed the threshold, or reach it
  bool interpolated = true;  // whether the precision at a recall is the best at that or beyond
  AmbiguousRule ambiguous = AmbiguousRule::none;
  // Where positive, times are compared in snippets: those of ground truths and ambiguous intervals
  // rounded to whole ones, half to even; those of detections as they are, except that one within a
  // millionth of a whole snippet is on it.
  double snippets_per_second = 0;
  EmptyClass empty_class = EmptyClass::zero;
};

}  // namespace lpat
