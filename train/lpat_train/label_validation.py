"""How well a network predicts the labels of videos that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lpat.types import BoolArray, Float64Array
from lpat_train.dataset import TrainingVideo
from lpat_train.network import Network


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
