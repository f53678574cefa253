"""Training videos that are set aside, so that their labels can judge the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lpat.errors import UsageError
from lpat.types import BoolArray, Float64Array, Int64Array
from lpat_train.data.dataset import TrainingSet, TrainingVideo


@dataclass(frozen=True, eq=False)
class Split:
    """What is trained on, and the videos that are not; none where nothing is held out."""

    training: TrainingSet
    held_out: tuple[TrainingVideo, ...]


def split(whole: TrainingSet, share: float, seed: int) -> Split:
    """Set aside a share of the videos, about as much of each class; videos keep their order.

    The labels, the share and the seed decide which. Every class keeps a video to train on, so
    fewer are held out where classes have too few. Videos without labels stay to train on.

    Raises:
        UsageError: none can be held out.
    """
    if not share:
        return Split(whole, ())
    taken = held_out_rows(whole.label_matrix > 0, share, seed)
    if not taken.any():
        raise UsageError(
            f"hold_out: expected a video whose labels others show too, but none of "
            f"{len(whole.videos)} training videos is one"
        )
    training = tuple(v for v, out in zip(whole.videos, taken, strict=True) if not out)
    held_out = tuple(v for v, out in zip(whole.videos, taken, strict=True) if out)
    return Split(replace(whole, videos=training), held_out)


def held_out_rows(labels: BoolArray, share: float, seed: int) -> BoolArray:
    """Which videos (N,) of labels (N, C) are held out: near `share` of those that have a label.

    It is near that share of each class too: the class that lacks most gives its next video in a
    random order, until there are enough.
    """
    labelled = int(labels.any(axis=1).sum())
    random = np.random.default_rng((seed, 3))
    order = random.permutation(len(labels))
    queues = [_of_class(order, labels[:, c]) for c in range(labels.shape[1])]
    left = labels.sum(axis=0)  # videos of each class that stay to train on
    lacking: Float64Array = left * share
    taken = np.zeros(len(labels), bool)
    for _ in range(max(1, round(share * labelled))):
        while (lacking > -np.inf).any():
            most = int(lacking.argmax())
            video = _next(queues[most], labels, left, taken)
            if video is not None:
                taken[video] = True
                left = left - labels[video]
                lacking = lacking - labels[video]
                break
            lacking[most] = -np.inf
    return taken


def _of_class(order: Int64Array, present: BoolArray) -> Iterator[int]:
    return iter(order[present[order]].tolist())


def _next(
    queue: Iterator[int], labels: BoolArray, left: Int64Array, taken: BoolArray
) -> int | None:
    """The next video whose classes all keep another one; what can't be taken now never can."""
    for video in queue:
        if not taken[video] and (left[labels[video]] > 1).all():
            return video
    return None


def names_of(videos: Sequence[TrainingVideo]) -> list[str]:
    """The videos' names, in their order."""
    return [video.name for video in videos]
