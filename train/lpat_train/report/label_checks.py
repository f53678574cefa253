"""What labels alone say of a training set: classes that they can't tell apart, videos twice there.

Axes: N video, C class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpat.types import BoolArray, Int64Array
from lpat_train.data.dataset import TrainingSet


@dataclass(frozen=True)
class SameVideos:
    """Videos, in their order, whose features are the same; `contradictory` if labels aren't."""

    names: tuple[str, ...]
    contradictory: bool


@dataclass(frozen=True, eq=False)
class LabelChecks:
    """What is worth knowing of labels and files before anything is trained."""

    classes: tuple[str, ...]  # (C,)
    videos: int
    unlabelled: int  # of those, in which nothing happens
    shown_by: Int64Array  # (C,) videos
    everywhere: tuple[str, ...]  # classes that every video shows
    always_with: Mapping[str, tuple[str, ...]]
    """Classes that every video of a class shows too, of those that aren't `everywhere`."""
    same: tuple[SameVideos, ...]
    unreadable: Mapping[str, str]  # why, by name

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "videos": self.videos,
            "unlabelled": self.unlabelled,
            "shown_by": dict(zip(self.classes, self.shown_by.tolist(), strict=True)),
            "everywhere": list(self.everywhere),
            "always_with": {label: list(its) for label, its in self.always_with.items()},
            "same": [
                {"videos": list(its.names), "contradictory": its.contradictory} for its in self.same
            ],
            "unreadable": dict(self.unreadable),
        }


def check_labels(
    training_set: TrainingSet, same: Int64Array, unreadable: Mapping[str, str]
) -> LabelChecks:
    """Checks of a training set; videos of the same number in `same` (N,) have the same features."""
    classes, labels = training_set.classes, training_set.label_matrix > 0
    everywhere: BoolArray = labels.min(axis=0)
    return LabelChecks(
        classes=classes,
        videos=len(labels),
        unlabelled=int((~labels.any(axis=1)).sum()),
        shown_by=labels.sum(axis=0),
        everywhere=tuple(np.array(classes, object)[everywhere].tolist()),
        always_with=_always_with(classes, labels, everywhere),
        same=_same_videos([video.name for video in training_set.videos], labels, same),
        unreadable=dict(unreadable),
    )


def _always_with(
    classes: tuple[str, ...], labels: BoolArray, everywhere: BoolArray
) -> dict[str, tuple[str, ...]]:
    shown = labels.astype(np.int64)
    together = shown.T @ shown  # (C, C) videos that show both
    all_of_its = (together == shown.sum(axis=0)[:, None]) & ~everywhere & ~everywhere[:, None]
    np.fill_diagonal(all_of_its, False)
    return {
        label: tuple(classes[other] for other in np.flatnonzero(row))
        for label, row in zip(classes, all_of_its, strict=True)
        if row.any()
    }


def _same_videos(names: list[str], labels: BoolArray, same: Int64Array) -> tuple[SameVideos, ...]:
    numbers, counts = np.unique(same, return_counts=True)
    found = []
    for number in numbers[counts > 1]:
        rows = np.flatnonzero(same == number)
        contradictory = bool((labels[rows] != labels[rows[0]]).any())
        found.append(SameVideos(tuple(names[row] for row in rows), contradictory))
    return tuple(found)
