"""Detections from scores: which classes, which segments, and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lpat.core import Runs, extract_components, extract_segments
from lpat.errors import UsageError
from lpat.types import Detections, Float32Array, Float64Array, Int64Array, Scores

if TYPE_CHECKING:
    from lpat.open_runs import ClosedRuns

Threshold = Literal["predicted", "manual"]
Proposals = Literal["runs", "components"]
Boundary = Literal["snippet", "crossing"]
SegmentScore = Literal["probability", "wtalc", "margin", "contrast"]
ClassSelection = Literal["mean", "all"]

_CHOICES = {
    "threshold": get_args(Threshold),
    "proposals": get_args(Proposals),
    "boundary": get_args(Boundary),
    "segment_score": get_args(SegmentScore),
    "class_selection": get_args(ClassSelection),
}


@dataclass(frozen=True)
class PostProcessing:
    """How scores become detections; the readings that LPAT's paper leaves open.

    Attributes:
        proposals: "runs", the maximal runs of snippets above the threshold; "components", of the
            connected stretches above any level at all, the best that don't overlap, judged by
            how their sigmoid(s - b) stands out of its surroundings (docs/core.md).
        boundary: segments end at snippet edges, or where score - threshold, linear between
            snippet centres, crosses zero; of a component, the middle of its levels.
        minimum_snippets: shorter segments are left out.
        segment_score: of a segment of class c with probability p, scores s and threshold b:
            "probability", p * mean sigmoid(s - b); "wtalc", max(s) + 0.7 p (W-TALC);
            "margin", mean (s - b); "contrast", mean s inside minus outside (AutoLoc), of a
            component, mean (s - b).
        threshold: the model's background, or (max + min) / 2 of each class's scores (W-TALC).
        class_selection: classes at least as probable as the mean class, or all.

    Raises:
        UsageError: an option has no such value.
    """

    boundary: Boundary = "snippet"
    minimum_snippets: int = 1
    segment_score: SegmentScore = "probability"
    threshold: Threshold = "predicted"
    class_selection: ClassSelection = "mean"
    proposals: Proposals = "runs"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        count = self.minimum_snippets
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UsageError(f"minimum_snippets must be a positive whole number, not {count!r}")


DEFAULT = PostProcessing()


def detect(scores: Scores, options: PostProcessing = DEFAULT) -> Detections:
    """Detections of one video, best first; of equal score by class, then by time.

    For each selected class, segments are the maximal runs of snippets whose score lies strictly
    above the threshold, or the selected components of score - threshold. Those of a class are
    disjoint either way, so nothing is suppressed afterwards.

    Raises:
        ValueError: a score, a probability or an edge isn't finite, or edges decrease.
    """
    values = np.ascontiguousarray(scores.scores, np.float32)
    probabilities = scores.probabilities.astype(np.float64)
    background = scores.background if options.threshold == "predicted" else manual_threshold(values)
    extract = extract_segments if options.proposals == "runs" else extract_components
    runs = extract(
        values,
        np.ascontiguousarray(background, np.float32),
        np.ascontiguousarray(scores.edges, np.float64),
        select_classes(scores.probabilities, options.class_selection),
        boundary=options.boundary,
        minimum_snippets=options.minimum_snippets,
    )
    confidence = segment_scores(runs, probabilities, options.segment_score)
    order = np.argsort(-confidence, kind="stable")
    return Detections(scores.classes, runs.segments[order], runs.classes[order], confidence[order])


def select_classes(probabilities: Float32Array, selection: ClassSelection = "mean") -> Int64Array:
    """Classes (K,), ascending, out of `probabilities` (C + 1,), whose last is the background's.

    "mean" takes those at least as probable as the mean of p[0..C-1]. The paper takes those above
    it, which of a single class, or of equal ones, would leave none.

    Raises:
        ValueError: a probability isn't finite.
    """
    finite = np.isfinite(probabilities)
    if not finite.all():
        raise ValueError(f"probabilities[{int(finite.argmin())}] must be finite")
    # The float64 sum of equal float32 values is exact, so that equal ones equal their mean.
    classes = probabilities[:-1].astype(np.float32).astype(np.float64)
    if selection == "all" or len(classes) == 0:
        return np.arange(len(classes), dtype=np.int64)
    return np.flatnonzero(classes >= classes.mean()).astype(np.int64)


def manual_threshold(scores: Float32Array) -> Float32Array:
    """Threshold (T, C) that is, for each class, (max + min) / 2 of its `scores` (T, C)."""
    if len(scores) == 0:
        return scores
    middle = (scores.max(axis=0).astype(np.float64) + scores.min(axis=0)) / 2
    return np.broadcast_to(middle.astype(np.float32), scores.shape).copy()


def segment_scores(
    runs: Runs | ClosedRuns, probabilities: Float64Array, reading: SegmentScore
) -> Float64Array:
    """Score (N,) of each run as `PostProcessing.segment_score` has it; `probabilities` (C + 1,)."""
    match reading:
        case "probability":
            return probabilities[runs.classes] * runs.mean_probability
        case "wtalc":
            return runs.maximum_score + 0.7 * probabilities[runs.classes]
        case "margin":
            return runs.mean_margin
        case "contrast":
            return runs.contrast
