"""Detections from scores: which classes, which segments, and how sure."""

from __future__ import annotations

import numpy as np

from lpat.core import (
    Runs,
    extract_components,
    extract_level_sets,
    extract_segments,
    fit_segments,
    propose_segments,
    soften,
    suppress,
)
from lpat.segments.post_processing import DEFAULT, ClassSelection, PostProcessing, SegmentScore
from lpat.segments.runs import ClosedRuns
from lpat.types import (
    Detections,
    Float32Array,
    Float64Array,
    Int64Array,
    PredictedEnds,
    Scores,
)

PEAK_WEIGHT = 0.3
"""Of a level set's highest margin, in its score."""

CONTRAST_WEIGHT = 3.0
"""Of how a level set's mean gate stands out of its surroundings, in its score."""

SIGMA = 0.5
"""Of the Gaussian by which scores decay where better segments overlap."""


def detect(scores: Scores, options: PostProcessing = DEFAULT) -> Detections:
    """Detections of one video, best first; of equal score by class, then by time.

    For each selected class, segments are the maximal runs of snippets whose score lies strictly
    above the threshold, or the selected components of score - threshold. Those of a class are
    disjoint either way, so nothing is suppressed afterwards. Level sets of a class lie in each
    other: of those that overlap the best stays, or the others' scores decay, as
    `PostProcessing.suppression` has it. A segment's score counts as much as it fits the ends that
    the model tells, if it does (`fitting`), and as much as its class is probable (`weighted`).

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
    if options.proposals in ("levels", "levels+ends"):
        return _detect_by_levels(scores, (values, background, edges, classes), options)
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
    confidence = fitting(confidence, runs.segments, runs.classes, scores)
    confidence = weighted(confidence, runs.classes, probabilities, options.class_weight)
    order = np.argsort(-confidence, kind="stable")
    return Detections(scores.classes, runs.segments[order], runs.classes[order], confidence[order])


def _detect_by_levels(
    scores: Scores,
    arrays: tuple[Float32Array, Float32Array, Float64Array, Int64Array],
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
    segments, classes = sets.segments, sets.classes
    confidence = PEAK_WEIGHT * sets.peak + CONTRAST_WEIGHT * sets.contrast
    if options.proposals == "levels+ends" and scores.ends is not None:
        own = propose_segments(*_arrays_of(scores.ends), *arrays, sharpness=options.sharpness)
        segments = np.concatenate([segments, own.segments])
        classes = np.concatenate([classes, own.classes])
        theirs = PEAK_WEIGHT * own.peak + CONTRAST_WEIGHT * own.contrast
        confidence = np.concatenate([confidence, theirs])
    confidence = fitting(confidence, segments, classes, scores)
    probabilities = scores.probabilities.astype(np.float64)
    confidence = weighted(confidence, classes, probabilities, options.class_weight)
    if options.suppression == "hard":
        order = suppress(segments, classes, confidence, tiou=options.overlap)
        kept = confidence[order]
    else:
        above = np.flatnonzero(confidence > 0)
        its = segments[above], classes[above], confidence[above]
        taken, kept = soften(
            *its, decay="gaussian", sigma=SIGMA, tiou=0.0, minimum_score=options.minimum_score
        )
        order = above[taken]
    return Detections(scores.classes, segments[order], classes[order], kept)


def weighted(
    confidence: Float64Array, classes: Int64Array, probabilities: Float64Array, weight: float
) -> Float64Array:
    """Scores (N,) of segments of classes (N,), by the classes' probabilities (C + 1,).

    Those above 0 are multiplied by (p / p of the most probable class) ** weight.
    """
    shown = probabilities[:-1]
    if not weight or not len(confidence) or not shown.max() > 0:
        return confidence
    factors = (shown / shown.max()) ** weight
    return np.where(confidence > 0, confidence * factors[classes], confidence)


def fitting(
    confidence: Float64Array, segments: Float64Array, classes: Int64Array, scores: Scores
) -> Float64Array:
    """Scores (N,) of segments (N, 2), multiplied by how well they fit what the model tells of ends.

    How well is in [0, 1] (`core.fit_segments`); scores that aren't above zero stay as they are, and
    so do all those of a model that tells no ends.
    """
    if scores.ends is None:
        return confidence
    edges = np.ascontiguousarray(scores.edges, np.float64)
    fits = fit_segments(*_arrays_of(scores.ends), edges, segments, classes)
    return np.where(confidence > 0, confidence * fits, confidence)


def _arrays_of(ends: PredictedEnds) -> tuple[Float32Array, Float32Array]:
    chances, distances = ends.chances, ends.distances
    return np.ascontiguousarray(chances, np.float32), np.ascontiguousarray(distances, np.float32)


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
