"""Fewer detections where they overlap: non-maximum suppression, hard and soft.

What `detect` finds is disjoint or suppressed already, so the commands need none of this. It is for
detections of other methods, or of several models together.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from lpat import core
from lpat.errors import UsageError
from lpat.types import Detections, Float64Array, Int64Array

Decay = Literal["gaussian", "linear"]


def suppress(detections: Detections, tiou: float = 0.5) -> Detections:
    """The detections that stay, best first; of equal score, in the order given.

    In that order, each stays unless its tIoU with one of its class that stays exceeds `tiou`:
    with 0, those of a class are disjoint; with 1, all stay.

    Raises:
        UsageError: `tiou` isn't in [0, 1].
        ValueError: a time or score isn't finite, or a segment ends before it starts.
    """
    _require_share(tiou)
    kept = core.suppress(*_columns(detections), tiou=tiou)
    return _selected(detections, kept, detections.scores[kept])


def soften(
    detections: Detections,
    decay: Decay = "gaussian",
    *,
    sigma: float = 0.5,
    tiou: float = 0.3,
    minimum_score: float = 0.001,
) -> Detections:
    """The detections with scores that decay where better ones of their class overlap, best first.

    Soft-NMS (Bodla et al. 2017): the best is taken, of equal score the first given; the scores of
    its class that are left are multiplied by exp(-o^2 / sigma) ("gaussian"), where o is the tIoU
    of both, or, where o exceeds `tiou`, by 1 - o ("linear"); and so on, until none reaches
    `minimum_score`. Those that are left then are left out.

    Raises:
        UsageError: no such decay, `sigma` isn't positive and finite, `tiou` isn't in [0, 1], or
            `minimum_score` is negative or not finite.
        ValueError: a time or score isn't finite, a score is negative, or a segment ends before it
            starts.
    """
    if decay not in get_args(Decay):
        raise UsageError(f"decay must be one of {', '.join(get_args(Decay))}, not {decay!r}")
    if not 0 < sigma < float("inf"):
        raise UsageError(f"sigma must be positive and finite, not {sigma:g}")
    _require_share(tiou)
    if not 0 <= minimum_score < float("inf"):
        raise UsageError(f"minimum_score must be finite and at least 0, not {minimum_score:g}")
    taken, scores = core.soften(
        *_columns(detections), decay=decay, sigma=sigma, tiou=tiou, minimum_score=minimum_score
    )
    return _selected(detections, taken, scores)


def _require_share(tiou: float) -> None:
    if not 0 <= tiou <= 1:
        raise UsageError(f"tiou must be in [0, 1], not {tiou:g}")


def _columns(detections: Detections) -> tuple[Float64Array, Int64Array, Float64Array]:
    """Segments, labels and scores, as C++ reads them."""
    return (
        np.ascontiguousarray(detections.segments, np.float64),
        np.ascontiguousarray(detections.labels, np.int64),
        np.ascontiguousarray(detections.scores, np.float64),
    )


def _selected(detections: Detections, indices: Int64Array, scores: Float64Array) -> Detections:
    return Detections(
        detections.classes, detections.segments[indices], detections.labels[indices], scores
    )
