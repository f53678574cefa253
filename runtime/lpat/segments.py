"""Detections from scores: which classes, which segments, and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lpat.core import Runs, extract_components, extract_level_sets, extract_segments, suppress
from lpat.errors import UsageError
from lpat.types import Detections, Float32Array, Float64Array, Int64Array, Scores

if TYPE_CHECKING:
    from lpat.open_runs import ClosedRuns

Threshold = Literal["predicted", "manual"]
Proposals = Literal["runs", "components", "levels"]
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
_RANGES = {
    "lowest_level": (-1000.0, 0.0),
    "highest_level": (0.0, 1.0),
    "cut": (0.0, 1.0),
    "overlap": (0.0, 1.0),
    "sharpness": (0.001, 1000.0),
}
_MOST_LEVELS = 64

PEAK_WEIGHT = 0.3
"""Of a level set's highest margin, in its score."""

CONTRAST_WEIGHT = 3.0
"""Of how a level set's mean gate stands out of its surroundings, in its score."""


@dataclass(frozen=True)
class PostProcessing:
    """How scores become detections; the readings that LPAT's paper leaves open.

    Attributes:
        proposals: "runs", the maximal runs of snippets above the threshold; "components", of the
            connected stretches above any level at all, the best that don't overlap, judged by
            how their sigmoid(s - b) stands out of its surroundings; "levels", the runs above the
            threshold and above levels around it, the best of those that overlap (docs/core.md).
        boundary: segments end at snippet edges, or where score - threshold, linear between
            snippet centres, crosses zero; of a component, the middle of its levels; of a run
            above a level, that level.
        minimum_snippets: shorter segments are left out.
        segment_score: of a segment of class c with probability p, scores s and threshold b:
            "probability", p * mean sigmoid(s - b); "wtalc", max(s) + 0.7 p (W-TALC);
            "margin", mean (s - b); "contrast", mean s inside minus outside (AutoLoc), of a
            component, mean (s - b). "levels" are scored by peak and contrast, whatever it is:
            0.3 max(s - b) + 3 (mean gate inside - just outside).
        threshold: the model's background, or a cut between the extremes of each class's scores
            in the video.
        class_selection: classes at least as probable as the mean class, or all.
        cut: where that lies: min + cut (max - min); a half is W-TALC's (max + min) / 2.
        levels: how many, 1 to 64; as are those below, of "levels" only.
        lowest_level: the lowest, a margin s - b of at most 0.
        highest_level: the highest, as a share of the class's highest margin in the video.
        overlap: tIoU above which a segment gives way to a better one of its class.
        sharpness: the gate of the contrast is sigmoid(sharpness * (s - b)).

    Raises:
        UsageError: an option has no such value.
    """

    boundary: Boundary = "snippet"
    minimum_snippets: int = 1
    segment_score: SegmentScore = "probability"
    threshold: Threshold = "predicted"
    class_selection: ClassSelection = "mean"
    cut: float = 0.5
    proposals: Proposals = "runs"
    levels: int = 7
    lowest_level: float = -0.5
    highest_level: float = 0.8
    overlap: float = 0.5
    sharpness: float = 1.5

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        count = self.minimum_snippets
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UsageError(f"minimum_snippets must be a positive whole number, not {count!r}")
        levels = self.levels
        if (
            not isinstance(levels, int)
            or isinstance(levels, bool)
            or not 1 <= levels <= _MOST_LEVELS
        ):
            raise UsageError(
                f"levels must be a whole number from 1 to {_MOST_LEVELS}, not {levels!r:.40}"
            )
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not least <= value <= most:
                raise UsageError(
                    f"{name} must be a number from {least:g} to {most:g}, not {value!r:.40}"
                )


DEFAULT = PostProcessing()


def detect(scores: Scores, options: PostProcessing = DEFAULT) -> Detections:
    """Detections of one video, best first; of equal score by class, then by time.

    For each selected class, segments are the maximal runs of snippets whose score lies strictly
    above the threshold, or the selected components of score - threshold. Those of a class are
    disjoint either way, so nothing is suppressed afterwards. Level sets of a class lie in each
    other: the best of those that overlap by more than `PostProcessing.overlap` stays.

    Raises:
        ValueError: a score, a probability or an edge isn't finite, or edges decrease.
    """
    values = np.ascontiguousarray(scores.scores, np.float32)
    probabilities = scores.probabilities.astype(np.float64)
    predicted = options.threshold == "predicted"
    background = scores.background if predicted else manual_threshold(values, options.cut)
    background = np.ascontiguousarray(background, np.float32)
    edges = np.ascontiguousarray(scores.edges, np.float64)
    classes = select_classes(scores.probabilities, options.class_selection)
    if options.proposals == "levels":
        return _detect_by_levels(
            scores.classes, (values, background, edges, classes), probabilities, options
        )
    extract = extract_segments if options.proposals == "runs" else extract_components
    runs = extract(
        values,
        background,
        edges,
        classes,
        boundary=options.boundary,
        minimum_snippets=options.minimum_snippets,
    )
    confidence = segment_scores(runs, probabilities, options.segment_score)
    order = np.argsort(-confidence, kind="stable")
    return Detections(scores.classes, runs.segments[order], runs.classes[order], confidence[order])


def _detect_by_levels(
    labels: tuple[str, ...],
    arrays: tuple[Float32Array, Float32Array, Float64Array, Int64Array],
    probabilities: Float64Array,
    options: PostProcessing,
) -> Detections:
    """Detections from what `extract_level_sets` takes, best first."""
    sets = extract_level_sets(
        *arrays,
        lowest=options.lowest_level,
        highest_share=options.highest_level,
        count=options.levels,
        sharpness=options.sharpness,
        boundary=options.boundary,
        minimum_snippets=options.minimum_snippets,
    )
    confidence = PEAK_WEIGHT * sets.peak + CONTRAST_WEIGHT * sets.contrast
    order = suppress(sets.segments, sets.classes, confidence, tiou=options.overlap)
    return Detections(labels, sets.segments[order], sets.classes[order], confidence[order])


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


def manual_threshold(scores: Float32Array, cut: float = 0.5) -> Float32Array:
    """Threshold (T, C) that is, for each class, min + cut (max - min) of its `scores` (T, C)."""
    if len(scores) == 0:
        return scores
    place = (1 - cut) * scores.min(axis=0).astype(np.float64) + cut * scores.max(axis=0)
    return np.broadcast_to(place.astype(np.float32), scores.shape).copy()


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
