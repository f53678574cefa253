"""Training videos whose labels held-out predictions contradict. Axes: N video, C class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.types import BoolArray, Float64Array
from lpat_train.training.cross_fitting import HeldOut

UNCERTAIN = 5
"""Videos that are named to be reviewed."""


@dataclass(frozen=True)
class UncertainVideo:
    """A video whose label held-out predictions contradict."""

    name: str
    label: str
    shown: bool  # by its labels
    share: float  # of the videos that the labels set apart from it, which look the other way round


def uncertain_videos(
    names: list[str], labels: BoolArray, classes: tuple[str, ...], held_out: HeldOut
) -> tuple[UncertainVideo, ...]:
    """The videos that held-out predictions contradict most, each by its most contradicted label.

    Of a fold's videos that show a class and those that don't, each of a pair should be the likelier
    the right way round; a video's share of wrong pairs is what counts.
    """
    wrong = np.zeros(labels.shape)
    for fold in range(held_out.fold_count):
        rows = np.flatnonzero(held_out.folds == fold)
        for c in range(labels.shape[1]):
            wrong[rows, c] = wrong_pairs(held_out.probabilities[rows, c], labels[rows, c])
    worst = wrong.argmax(axis=1)
    shares = wrong[np.arange(len(wrong)), worst]
    order = np.argsort(-shares, kind="stable")[:UNCERTAIN]
    return tuple(
        UncertainVideo(names[row], classes[label], bool(labels[row, label]), float(shares[row]))
        for row, label in ((row, int(worst[row])) for row in order.tolist())
        if shares[row] > 0
    )


def wrong_pairs(probabilities: Float64Array, shown: BoolArray) -> Float64Array:
    """The share (N,) of the other kind's videos that each is on the wrong side of; ties: half."""
    shares = np.zeros(len(shown))
    for kind, sign in ((shown, 1), (~shown, -1)):
        others = np.sort(sign * probabilities[~kind])
        its = sign * probabilities[kind]
        above = len(others) - np.searchsorted(others, its, side="right")
        least = len(others) - np.searchsorted(others, its, side="left")
        shares[kind] = (above + least) / 2 / max(1, len(others))
    return shares
