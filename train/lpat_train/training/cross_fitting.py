"""What networks say of training videos that they haven't seen: every video by one of a few folds.

Axes: N video, C class.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch

from lpat.segments.detect import manual_threshold
from lpat.types import BoolArray, Float64Array, Int64Array, Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import FeatureRows, TrainingSet, TrainingVideo
from lpat_train.training.loop import train
from lpat_train.training.validation import score_rows

ROWS = 4096
"""Snippets that are looked at together to tell whether videos are the same."""

STEPS_DIVISOR = 3
"""With a third of the steps, held-out labels of the study's data sets are predicted as well."""

OnFold = Callable[[int, int], None]
"""Called after each step with the steps done and all there are, of all folds."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Every video as a network sees it that was trained on the others."""

    folds: Int64Array  # (N,) the fold that a video was held out of
    probabilities: Float64Array  # (N, C) that it shows a class
    above: Float64Array  # (N, C) share of its snippets above the threshold
    snippets: Int64Array  # (N,)
    false_alarms: float | None  # asked for; None: the level isn't calibrated

    @property
    def fold_count(self) -> int:
        """How many folds there were."""
        return int(self.folds.max()) + 1


def quick_config(config: TrainingConfig) -> TrainingConfig:
    """The same method at its quickest: a third of the steps, one member, no ends."""
    steps = math.ceil(config.steps / STEPS_DIVISOR)
    return replace(
        config,
        steps=steps,
        members=1,
        context=config.context.split(",")[-1],
        ends=0.0,
        hold_out=0.0,
        patience=0,
        validate_every=steps,
    )


def same_features(videos: Sequence[TrainingVideo]) -> Int64Array:
    """A number (N,) for each video, the same for videos whose features are the same."""
    numbers, fresh = dict[str, int](), count()
    found = []
    for video in videos:
        name = _digest(video.values)
        if name not in numbers:
            numbers[name] = next(fresh)
        found.append(numbers[name])
    return np.array(found, np.int64)


def _digest(values: FeatureRows) -> str:
    digest = hashlib.sha256(str(tuple(values.shape)).encode())
    for start in range(0, len(values), ROWS):
        digest.update(values[start : start + ROWS].contiguous().numpy().tobytes())
    return digest.hexdigest()


def folds_of(labels: BoolArray, same: Int64Array, folds: int, seed: int) -> Int64Array:
    """The fold (N,) of videos with labels (N, C), each class spread over all folds.

    The class with the fewest videos left gives its videos first, each to the fold that has fewest
    of the class, or of all (iterative stratification, Sechidis et al. 2011). Videos of the `same`
    features (N,) go together, so that none is seen in training under another name.
    """
    first = np.unique(same, return_index=True)[1]
    order = np.random.default_rng((seed, 4)).permutation(np.sort(first))
    chosen = np.full(len(labels), -1, np.int64)
    of_class = np.zeros((folds, labels.shape[1]), np.int64)
    of_all = np.zeros(folds, np.int64)
    left = set(order.tolist())

    def give(video: int, wanted: Int64Array) -> None:
        fold = int(np.lexsort((of_all, wanted))[0])
        chosen[video] = fold
        of_class[fold] += labels[video]
        of_all[fold] += 1
        left.discard(video)

    while left:
        rows = np.array([video for video in order.tolist() if video in left], np.int64)
        remaining = labels[rows].sum(axis=0)
        if not remaining.any():
            for video in rows.tolist():
                give(video, of_all)
            break
        rarest = int(np.where(remaining > 0, remaining, len(labels) + 1).argmin())
        for video in rows[labels[rows, rarest]].tolist():
            give(video, of_class[:, rarest])
    return chosen[order[np.argsort(same[order])]][same]


def cross_fit(
    training_set: TrainingSet,
    config: TrainingConfig,
    folds: Int64Array,
    device: torch.device,
    on_step: OnFold | None = None,
) -> HeldOut:
    """Train a quick network for each fold, on the other folds, and ask it about its own.

    Raises:
        DivergenceError: a network's loss isn't finite any more.
    """
    quick = quick_config(config)
    number = int(folds.max()) + 1
    shape = (len(training_set.videos), len(training_set.classes))
    probabilities, above = np.zeros(shape), np.zeros(shape)
    asked: float | None = None
    for fold in range(number):
        seen = tuple(v for v, its in zip(training_set.videos, folds, strict=True) if its != fold)

        def tell(done: int, _: object, fold: int = fold) -> None:
            if on_step is not None:
                on_step(fold * quick.steps + done, number * quick.steps)

        others = replace(training_set, videos=seen)
        network = train(others, quick, device=device, on_step=tell)
        if network.level is not None and network.level.calibrated:
            asked = network.level.false_alarms
        for row in np.flatnonzero(folds == fold).tolist():
            values = training_set.videos[row].values
            edges = np.arange(len(values) + 1, dtype=np.float64)
            scores = score_rows(network, training_set.classes, values, edges)
            probabilities[row] = scores.probabilities[:-1]
            above[row] = share_above(scores, quick)
    snippets = np.array([len(video.values) for video in training_set.videos], np.int64)
    return HeldOut(folds, probabilities, above, snippets, asked)


def share_above(scores: Scores, config: TrainingConfig) -> Float64Array:
    """The share (C,) of a video's snippets that lie above each class's threshold."""
    if config.threshold == "manual":
        return (scores.scores > manual_threshold(scores.scores, config.cut)).mean(axis=0)
    return (scores.scores > scores.background[:, None]).mean(axis=0)
