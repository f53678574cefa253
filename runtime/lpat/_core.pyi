"""Segments from snippet scores, and their evaluation, in C++.

Arrays must have the types named here, in C order; they are read in place. Another type is a
TypeError; a wrong shape, order or value, a ValueError that names the place. The interpreter lock
is released meanwhile.
"""

from typing import Literal

from lpat.types import Float32Array, Float64Array, Int64Array

class Runs:
    """Maximal runs of snippets above the threshold, as parallel arrays of length N.

    `margin` is score - threshold. The contrast is the mean score inside minus that of the snippets
    just outside: on either side a quarter of the run's length, rounded down, at least one, clipped
    to the video (AutoLoc's outer-inner contrast). For a run that covers the whole video, the
    threshold stands in for what is outside.
    """

    @property
    def classes(self) -> Int64Array:
        """(N,) columns of the scores."""

    @property
    def snippets(self) -> Int64Array:
        """(N, 2) [first, stop)."""

    @property
    def segments(self) -> Float64Array:
        """(N, 2) [start, end) in seconds; start < end."""

    @property
    def mean_probability(self) -> Float64Array:
        """(N,) mean sigmoid(margin)."""

    @property
    def mean_margin(self) -> Float64Array:
        """(N,) mean margin, positive."""

    @property
    def maximum_score(self) -> Float64Array:
        """(N,) largest score."""

    @property
    def contrast(self) -> Float64Array:
        """(N,) inner minus outer mean score."""

    def __len__(self) -> int: ...

def extract_segments(
    scores: Float32Array,
    threshold: Float32Array,
    edges: Float64Array,
    classes: Int64Array,
    *,
    boundary: Literal["snippet", "crossing"],
    minimum_snippets: int = 1,
) -> Runs:
    """Maximal runs of snippets with score > threshold, of each of `classes`, in their order.

    A class's runs are disjoint and in order of time. `scores` is (T, C), `threshold` (T,) or
    (T, C), `edges` (T + 1,) the snippets' borders in seconds, which may repeat but not decrease.
    With "snippet", a run lasts from the first edge of its first snippet to the last of its last;
    with "crossing", from and to where the margin, linear between snippet centres, is zero, and
    at the video's ends to the edge. Runs of less than `minimum_snippets`, and runs that take no
    time, are left out.
    """

class ComponentTree:
    """Distinct components of all super-level sets {t: values[t] >= level}, as parallel arrays.

    N is at most T; the first is the root, the whole sequence. In order of `first`, of equal `first`
    the longer before the shorter: each follows its parent, and its descendants follow it without a
    gap.
    """

    @property
    def levels(self) -> Float64Array:
        """(N,) the smallest value inside."""

    @property
    def snippets(self) -> Int64Array:
        """(N, 2) [first, stop)."""

    @property
    def parents(self) -> Int64Array:
        """(N,) index of the smallest component around it; -1 for the root."""

    @property
    def contrasts(self) -> Float64Array:
        """(N,) mean inside minus mean just outside, as of `Runs`; for the root, 0 stands in."""

    @property
    def gains(self) -> Float64Array:
        """(N,) contrast * |contrast| * length * share of the outside that the sequence has."""

    def __len__(self) -> int: ...

class Components:
    """The best components of each class, as parallel arrays of length N, which are those of `Runs`.

    `margin` is score - threshold; it may be negative. The contrast is the margin's.
    """

    @property
    def classes(self) -> Int64Array:
        """(N,) columns of the scores."""

    @property
    def snippets(self) -> Int64Array:
        """(N, 2) [first, stop)."""

    @property
    def segments(self) -> Float64Array:
        """(N, 2) [start, end) in seconds; start < end."""

    @property
    def mean_probability(self) -> Float64Array:
        """(N,) mean sigmoid(margin)."""

    @property
    def mean_margin(self) -> Float64Array:
        """(N,) mean margin."""

    @property
    def maximum_score(self) -> Float64Array:
        """(N,) largest score."""

    @property
    def contrast(self) -> Float64Array:
        """(N,) inner minus outer mean margin."""

    def __len__(self) -> int: ...

def component_tree(values: Float64Array) -> ComponentTree:
    """The component tree of `values` (T,), which must be finite. O(T)."""

def select_components(tree: ComponentTree, gains: Float64Array) -> Int64Array:
    """Indices, ascending, of disjoint components with the largest sum of `gains` (N,).

    A component that gains nothing is never among them; one that gains exactly as much as the best
    set of its descendants is taken for them.
    """

def extract_components(
    scores: Float32Array,
    threshold: Float32Array,
    edges: Float64Array,
    classes: Int64Array,
    *,
    boundary: Literal["snippet", "crossing"],
    minimum_snippets: int = 1,
) -> Components:
    """The components of score - threshold that `select_components` takes, of each of `classes`.

    In their order; a class's are disjoint and in order of time. The gains are those of the gate,
    `component_tree(sigmoid(score - threshold) - 0.5).gains`. Arguments are as of
    `extract_segments`. With "crossing", a component lasts from and to where the margin,
    linear between snippet centres, passes the level half way between its own and its parent's.
    Components of less than `minimum_snippets`, and those that take no time, gain nothing, so that
    others may take their place.
    """

def average_precisions(
    *,
    detection_videos: Int64Array,
    detection_classes: Int64Array,
    detection_segments: Float64Array,
    detection_scores: Float64Array,
    truth_videos: Int64Array,
    truth_classes: Int64Array,
    truth_segments: Float64Array,
    ambiguous_videos: Int64Array,
    ambiguous_segments: Float64Array,
    tious: Float64Array,
    class_count: int,
    matcher: Literal["best_truth", "best_detection", "first_truth"],
    strict: bool,
    interpolated: bool,
    ambiguous: Literal["none", "drop_unmatched", "drop_all"],
    snippets_per_second: float | None,
) -> Float64Array:
    """Average precision (class_count, K) at each of `tious` (K,), by the rules of the last five.

    They are the fields of `lpat.protocols.ProtocolOptions`. Detections rank by score, descending,
    and of equal score in input order. Of equal tIoU, "best_truth" takes the later ground truth,
    "best_detection" the better ranked detection. Without interpolation, the average is that of the
    precisions at the true detections, with 0 for each ground truth that isn't found. With
    `snippets_per_second`, ground truths and ambiguous intervals are rounded to whole snippets, half
    to even; detections are not, except within a millionth of a snippet. A class without detections
    has 0; one without ground truth is a ValueError.
    """

def match_detections(
    *,
    detection_videos: Int64Array,
    detection_classes: Int64Array,
    detection_segments: Float64Array,
    detection_scores: Float64Array,
    truth_videos: Int64Array,
    truth_classes: Int64Array,
    truth_segments: Float64Array,
    ambiguous_videos: Int64Array,
    ambiguous_segments: Float64Array,
    tious: Float64Array,
    class_count: int,
    matcher: Literal["best_truth", "best_detection", "first_truth"],
    strict: bool,
    interpolated: bool,
    ambiguous: Literal["none", "drop_unmatched", "drop_all"],
    snippets_per_second: float | None,
) -> Int64Array:
    """The ground truth (K, N) that each detection takes at each threshold.

    -1 for a false detection, -2 for one left out of the ranking as ambiguous. In the order of the
    input; the rules of `average_precisions`, but a class may lack ground truth.
    """
