"""Held-out labels: how well a network predicts them, which step did best, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lpat.types import BoolArray, Float64Array
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingVideo
from lpat_train.network.base import Network


@dataclass(frozen=True)
class LabelJudgement:
    """Cross entropy to the normalised labels, and mean average precision over the classes."""

    cross_entropy: float
    mean_average_precision: float


def judge_labels(probabilities: Float64Array, labels: BoolArray) -> LabelJudgement:
    """Judge class probabilities (N, C) by labels (N, C), of which a video has one at least.

    Videos without a label are left out: which class is likelier in them is no question.

    Each video's probabilities are normalised over the classes first, so that methods with a
    background or with a sigmoid for each class are judged alike. A class that no video shows has
    no average precision and counts nothing.
    """
    has_label = labels.any(axis=1)
    probabilities, labels = probabilities[has_label], labels[has_label]
    shares = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-12)
    targets = labels / labels.sum(axis=1, keepdims=True)
    entropy = -(targets * np.log(np.maximum(shares, 1e-6))).sum(axis=1).mean()
    precisions = [
        average_precision(shares[:, c], labels[:, c]) for c in np.flatnonzero(labels.any(axis=0))
    ]
    return LabelJudgement(float(entropy), float(np.mean(precisions)))


def average_precision(scores: Float64Array, present: BoolArray) -> float:
    """Mean precision at the ranks of the videos that show a class; a tie keeps their order."""
    hits = present[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def label_probabilities(network: Network, videos: Sequence[TrainingVideo]) -> Float64Array:
    """Class probabilities (N, C) of whole videos, each alone; the network keeps its mode."""
    device, training = network.mean.device, network.training
    network.eval()
    rows = []
    with torch.no_grad():
        for video in videos:
            output = network(video.values[:].to(device)[None])
            rows.append(network.probabilities(output)[0, :-1].double().cpu().numpy())
    network.train(training)
    return np.array(rows)


SHORTEST_INTERVAL = 50


@dataclass(frozen=True)
class Best:
    """The best validation so far; `step` 0 stands for none."""

    step: int = 0
    cross_entropy: float = math.inf
    worse_since: int = 0
    """Validations after the best one."""

    def after(self, step: int, cross_entropy: float) -> Best:
        """The best of this and of the state after `step` steps; of equals, the earlier."""
        if cross_entropy < self.cross_entropy:
            return Best(step, cross_entropy)
        return Best(self.step, self.cross_entropy, self.worse_since + 1)


def is_over(done: int, best: Best, config: TrainingConfig) -> bool:
    """Whether training ends after `done` steps: all taken, or no better for too long."""
    patient = not config.patience or best.worse_since < config.patience
    return done >= config.steps or not patient


def validates_after(done: int, config: TrainingConfig, steps_per_epoch: int) -> bool:
    """Whether the state after `done` steps is judged: every so often, and the last one."""
    interval = config.validate_every or max(steps_per_epoch, SHORTEST_INTERVAL)
    return done % interval == 0 or done == config.steps
