"""Segments from snippet scores, their suppression and evaluation, and optical flow, in C++.

Arrays must have the types named here, in C order; they are read in place. Another type is a
TypeError; a wrong shape, order or value, a ValueError that names the place. The interpreter lock
is released meanwhile.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lpat.types import Float32Array, Float64Array, Int64Array

class Runs:
    """Stretches of snippets of each class, as parallel arrays of length N.

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
        """(N,) mean sigmoid(margin), to a millionth of it."""

    @property
    def mean_margin(self) -> Float64Array:
        """(N,) mean margin, positive above a threshold."""

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
) -> Runs:
    """The components of score - threshold that `select_components` takes, of each of `classes`.

    In their order; a class's are disjoint and in order of time. The gains are those of the gate,
    `component_tree(sigmoid(score - threshold) - 0.5).gains`. Arguments are as of
    `extract_segments`. With "crossing", a component lasts from and to where the margin,
    linear between snippet centres, passes the level half way between its own and its parent's.
    Components of less than `minimum_snippets`, and those that take no time, gain nothing, so that
    others may take their place. Their margin may be negative, and their contrast is the margin's.
    """

class LevelSets:
    """Stretches of snippets that lie above a level, as parallel arrays of length N.

    `margin` is score - threshold, as a float32, and `gate` is sigmoid(sharpness * margin), to a
    millionth. The contrast is the mean gate inside minus that of the snippets just outside, which
    are those of `Runs`. For a stretch that covers the whole video, 1/2, the gate at the threshold,
    stands in for what is outside.
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
    def level(self) -> Float64Array:
        """(N,) of the levels that have this stretch, the middle one; of two, the lower."""

    @property
    def peak(self) -> Float64Array:
        """(N,) largest margin."""

    @property
    def mean_margin(self) -> Float64Array:
        """(N,) mean margin."""

    @property
    def mean_gate(self) -> Float64Array:
        """(N,) mean gate."""

    @property
    def contrast(self) -> Float64Array:
        """(N,) inner minus outer mean gate."""

    def __len__(self) -> int: ...

def extract_level_sets(
    scores: Float32Array,
    threshold: Float32Array,
    edges: Float64Array,
    classes: Int64Array,
    *,
    lowest: float = -0.5,
    highest_share: float = 0.8,
    count: int = 7,
    sharpness: float = 1.0,
    boundary: Literal["snippet", "crossing"],
    minimum_snippets: int = 1,
) -> LevelSets:
    """Maximal runs of snippets with margin > level, of each of `classes`, for `count` levels.

    One level is 0; of two or more, the first is `lowest`, at most 0, and the second 0; the others
    are evenly spaced above 0, the last at `highest_share` of the class's largest margin in these
    scores (none where that isn't positive). Runs that are equal come once. Those of a class come
    in order of their first snippet, of equal ones the longer first. With "crossing", a run lasts
    from and to where the margin passes its level. Other arguments are as of `extract_segments`,
    whose runs are those of level 0.
    """

def fit_segments(
    chances: Float32Array,
    distances: Float32Array,
    edges: Float64Array,
    segments: Float64Array,
    classes: Int64Array,
) -> Float64Array:
    """How well segments (N, 2) of `classes` (N,) fit what the snippets inside them predict: (N,).

    It is the largest product of the tIoU with a snippet's prediction, `distances` (T, 2) in
    snippets from its middle back to the start and on to the end, and the square root of its chance
    (T, C) of the class. Without a snippet's middle inside, the nearest one counts.

    Raises:
        ValueError: shapes don't fit, or a value is out of bounds or no number.
    """

class Proposals:
    """Segments as single snippets predict them, as parallel arrays of length N."""

    @property
    def classes(self) -> Int64Array:
        """(N,) columns of the scores."""

    @property
    def snippets(self) -> Int64Array:
        """(N,) that predict them."""

    @property
    def segments(self) -> Float64Array:
        """(N, 2) [start, end) in seconds, within the video; start < end."""

    @property
    def chance(self) -> Float64Array:
        """(N,) of the snippets."""

    @property
    def peak(self) -> Float64Array:
        """(N,) largest margin of the snippets whose middles lie in the segment, or the nearest."""

    @property
    def contrast(self) -> Float64Array:
        """(N,) their mean gate minus that of those just outside, as of `LevelSets`."""

    def __len__(self) -> int: ...

def propose_segments(
    chances: Float32Array,
    distances: Float32Array,
    scores: Float32Array,
    threshold: Float32Array,
    edges: Float64Array,
    classes: Int64Array,
    *,
    lowest_chance: float = 0.1,
    highest_share: float = 0.3,
    sharpness: float = 1.0,
) -> Proposals:
    """What those snippets predict whose chance of a class is at least their neighbours'.

    It must be at least `lowest_chance` too, and `highest_share` of the class's highest in these
    scores. By class, in the order of `classes`, then by snippet. Segments are cut at the video's
    ends; those that then take no time are left out. Chances and distances are as of `fit_segments`,
    other arguments as of `extract_level_sets`.

    Raises:
        ValueError: shapes don't fit, or a value is out of bounds or no number.
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
    empty_class: Literal["zero", "skip"],
    threads: int = 0,
) -> Float64Array:
    """Average precision (class_count, K) at each of `tious` (K,), by the rules that follow.

    They are the fields of `lpat.evaluation.protocols.ProtocolOptions`. Detections rank by score,
    descending, and of equal score in input order. Of equal tIoU, "best_truth" takes the later
    ground truth, "best_detection" the better ranked detection. Without interpolation, the average
    is that of the precisions at the true detections, with 0 for each ground truth that isn't
    found. With `snippets_per_second`, ground truths and ambiguous intervals are rounded to whole
    snippets, half to even; detections are not, except within a millionth of a snippet. A class
    without detections has 0, or NaN with "skip"; one without ground truth is a ValueError. Classes
    are divided among `threads`, 0 for as many as the machine runs at once; the result is the
    same.
    """

def average_precision_ranges(
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
    empty_class: Literal["zero", "skip"],
    threads: int = 0,
) -> Float64Array:
    """What the order of equal scores can make of average precisions: (C, K, 2), lowest and highest.

    Each class and threshold has orders of its own. No order gives less or more; where no detection
    suffices for two ground truths, some order gives exactly that, else it may be a little wider.
    NaN for classes that are skipped. Takes what `average_precisions` takes.
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
    empty_class: Literal["zero", "skip"],
    threads: int = 0,
) -> Int64Array:
    """The ground truth (K, N) that each detection takes at each threshold.

    -1 for a false detection, -2 for one left out of the ranking as ambiguous. In the order of the
    input; the rules of `average_precisions`, but a class may lack ground truth.
    """

def mean_over_classes(precisions: Float64Array) -> Float64Array:
    """Mean (K,) of average precisions (C, K) over classes without NaN; 0 where there is none."""

def suppress(
    segments: Float64Array, classes: Int64Array, scores: Float64Array, *, tiou: float
) -> Int64Array:
    """Indices of the segments that stay, by score, descending; of equal score, in input order.

    In that order, each of `segments` (N, 2) stays unless its tIoU with one of its class that stays
    exceeds `tiou`, which is in [0, 1]. One that takes no time has tIoU 0 with everything.
    """

def soften(
    segments: Float64Array,
    classes: Int64Array,
    scores: Float64Array,
    *,
    decay: Literal["gaussian", "linear"],
    sigma: float,
    tiou: float,
    minimum_score: float,
) -> tuple[Int64Array, Float64Array]:
    """Indices (K,) of `segments` (N, 2) as they are taken, and their decayed scores, which descend.

    Again and again, the segment of largest score is taken, of equal ones the first of the input,
    and the scores of its class that are left are multiplied: "gaussian", by exp(-o^2 / sigma),
    where o is the tIoU of both; "linear", where o exceeds `tiou`, by 1 - o. It ends where none
    reaches `minimum_score`. Scores must not be negative.
    """

def first_ranks(
    *,
    proposal_videos: Int64Array,
    proposal_segments: Float64Array,
    proposal_scores: Float64Array,
    truth_videos: Int64Array,
    truth_segments: Float64Array,
    video_count: int,
    tious: Float64Array,
    threads: int = 0,
) -> Int64Array:
    """Rank (G, K), from 0, among its video's proposals, of the first that finds each ground truth.

    It is the first whose tIoU reaches the threshold; -1 where there is none. Proposals rank by
    score, descending, and of equal score in input order; one may find several ground truths.
    Videos are numbered below `video_count`.
    """

def best_overlaps(
    *,
    detection_videos: Int64Array,
    detection_classes: Int64Array,
    detection_segments: Float64Array,
    truth_videos: Int64Array,
    truth_classes: Int64Array,
    truth_segments: Float64Array,
    lowest_tiou: float,
    snippets_per_second: float | None,
    threads: int = 0,
) -> tuple[Float64Array, Int64Array]:
    """Largest tIoU (N, 2) of each detection with the truths of its video, and which truth has it.

    The first column is for truths of its own class, the second for those of all others. Of equal
    tIoU, the first truth; below `lowest_tiou`, 0 and -1. With `snippets_per_second`, times are
    compared on the grid, as `average_precisions` does.
    """

def dis(
    frames: NDArray[np.uint8],
    *,
    finest_scale: int = 1,
    descents: int = 16,
    refinements: int = 5,
    alpha: float = 20.0,
    delta: float = 5.0,
    gamma: float = 10.0,
    threads: int = 0,
    instruction_set: str | None = None,
) -> Float32Array:
    """Flow (N - 1, 2, H, W), along x and y in pixels, from each of `frames` (N, H, W) to the next.

    Dense inverse search (Kroeger et al., 2016), with the steps of OpenCV's DISOpticalFlow and the
    defaults of its preset "fast", at half of the frames' size: 1 / 2^`finest_scale`. At each scale,
    patches of 8 x 8 pixels, 4 pixels apart, are searched for by up to `descents` steps, and the
    pixels' flow is made smooth `refinements` times, where `alpha` weighs smoothness, `delta`
    brightness and `gamma` brightness's slopes.

    Pairs are divided among `threads`, 0 for as many as the machine runs at once. Neither their
    number nor `instruction_set`, one of `dis_instruction_sets()` and by default the last, changes
    a bit. Frames must be at least two, of at least 8 x 8 pixels at the finest scale.
    """

def dis_of_pair(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Float32Array:
    """Flow (H, W, 2), along x and y in pixels, from `first` (H, W) to `second` (H, W).

    That of `dis` with its defaults, on the thread that calls; several may call at once.
    """

def dis_instruction_sets() -> list[str]:
    """What this machine can run `dis` with: "portable", "avx2", "avx512"; the best is the last."""

def tvl1(
    frames: NDArray[np.uint8],
    *,
    scales: int = 5,
    factor: float = 0.8,
    warps: int = 5,
    lambda_: float = 0.15,
    theta: float = 0.3,
    tau: float = 0.25,
    epsilon: float = 0.01,
    inner_iterations: int = 30,
    outer_iterations: int = 10,
    warm_start: bool = False,
    threads: int = 0,
    instruction_set: str | None = None,
) -> Float32Array:
    """Flow (N - 1, 2, H, W), along x and y in pixels, from each of `frames` (N, H, W) to the next.

    TV-L1 (Zach, Pock and Bischof, 2007; Sanchez, Meinhardt-Llopis and Facciolo, IPOL 2013), with
    the steps and defaults of OpenCV's DualTVL1OpticalFlow. At most `scales` sizes, each `factor` of
    the one before, down to 16 pixels; at each, `warps` times, the second frame is moved by the flow
    so far, then up to `outer_iterations` times the flow is median filtered and up to
    `inner_iterations` times improved, until it changes by less than `epsilon` pixels (RMS).
    `lambda_` weighs the data term, `theta` couples both terms, and `tau` is the dual step.

    With `warm_start`, a pair begins with the flow of the one before, except every sixteenth. Pairs
    are divided among `threads`, 0 for as many as the machine runs at once. Neither their number
    nor `instruction_set`, one of `tvl1_instruction_sets()` and by default the last, changes a bit.
    Frames must be at least two, of at least 16 x 16 pixels.
    """

def tvl1_instruction_sets() -> list[str]:
    """What this machine can run `tvl1` with: "portable", "avx2", "avx512"; the best is the last."""

def camera_motion(fields: Float32Array, *, instruction_set: str | None = None) -> Float32Array:
    """Coefficients (F, 2, 3) of the affine motion that most of each field (2, H, W) follows.

    Row 0 gives x and row 1 y; the columns are the motion at the centre, and its change from the
    centre to the right and to the lower border. Fitted by iteratively reweighted least squares
    with Cauchy weights, begun at the median, on every fourth row and column. The scale of the
    weights is the median residual, so that objects on less than half of the field are ignored.

    Fields must be at least 8 x 8. `instruction_set`, one of `motion_instruction_sets()` and by
    default the last, changes no bit.
    """

def describe_motion(
    fields: Float32Array,
    rows: int,
    columns: int,
    *,
    still: float = 0.3,
    boundaries: bool = True,
    kinematics: bool = True,
    centred: bool = True,
    instruction_set: str | None = None,
) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """Statistics of `fields` (F, 2, H, W) of flow, with the camera's motion removed.

    Over a grid of `rows * columns` cells (F, G, 36), directions around where the motion is
    (F, 9, 8), `camera_motion` (F, 6), and the moving thing (F, 7): see the fields and channels of
    `lpat.motion.descriptors.MotionStatistics`. A pixel slower than `still` begins to count as at
    rest. What isn't asked for is 0: `boundaries`, `kinematics` or `centred`.

    A field's statistics don't depend on the others. Fields must be at least 8 x 8.
    `instruction_set`, one of `motion_instruction_sets()` and by default the last, changes no bit.
    """

def halve_flow(
    flow: Float32Array,
    *,
    scale_x: float,
    scale_y: float,
    limit: float,
    instruction_set: str | None = None,
) -> Float32Array:
    """A field (2, H / 2, W / 2) of `flow` (H, W, 2): means of 2 x 2 pixels, scaled and limited.

    What is no number becomes 0. H and W must be even. `instruction_set` is as of
    `describe_motion`.
    """

def motion_instruction_sets() -> list[str]:
    """What this machine can run these with: "portable", "avx2", "avx512"; the best is last."""
