"""The readings of LPAT and its two added terms, trained on one data set with several seeds.

    python benchmarks/readings.py VIDEOS ANNOTATIONS [--sessions 14] [--only NAME]

Two questions, kept apart. *Which would be chosen?* Cross-validation over the training subset,
judged by the labels of the held-out videos alone: their mean average precision and cross entropy.
*How do they localize?* Trained on the whole training subset, judged on the test subset by the
predicted and by the manual threshold of the same model. The second decides nothing; it is what a
choice, made otherwise, is worth. No segment time enters training or the first question.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from lpat.annotations import Annotations, VideoAnnotation, read_annotations
from lpat.extraction import default_cache
from lpat.inputs import find_inputs
from lpat.types import Features, Scores
from lpat.workers import available_cores
from lpat_train.config import PRESETS, TrainingConfig
from lpat_train.data_loading import load_labelled
from lpat_train.dataset import make_training_set
from lpat_train.loop import train
from lpat_train.validation import score, validate

TIOUS = (0.3, 0.4, 0.5, 0.6, 0.7)
CPU = torch.device("cpu")

OURS = PRESETS["lpat"]
EQUATIONS = replace(OURS, temporal_convolution=False, top_k=0.0, barrier=0.0)
CONFIGS: Mapping[str, TrainingConfig] = {
    "Eqs. 1-5 alone": replace(EQUATIONS, balance=1.0),
    "Eqs. 1-8, lambda 0.2": replace(EQUATIONS, balance=0.2),
    "Eqs. 1-8, lambda 0.5": replace(EQUATIONS, balance=0.5),
    "Eqs. 1-8, lambda 0.8": EQUATIONS,
    "the same, w_b inside the sum": replace(EQUATIONS, background_reading="inside"),
    "the same, snippet norm": replace(EQUATIONS, norm_reading="snippet"),
    "the same + TemConv": replace(EQUATIONS, temporal_convolution=True),
    "the same + barrier": replace(EQUATIONS, barrier=0.3),
    "the same + top-k": replace(EQUATIONS, top_k=1.0),
    "+ top-k + barrier": replace(OURS, temporal_convolution=False),
    "+ top-k + barrier + TemConv (lpat)": OURS,
}


@dataclass(frozen=True)
class Result:
    """Of one config and seed; shares and precisions in [0, 1]."""

    held_out_map: float
    held_out_entropy: float
    predicted: float
    manual: float
    foreground: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--sessions", type=int, default=0, help="video i is of session i modulo this; 0: its own"
    )
    parser.add_argument("--stride", type=int, default=16)
    parser.add_argument("--only", default="", help="configs whose name contains this")
    arguments = parser.parse_args()
    annotations = read_annotations(arguments.annotations)
    labels = annotations.labels_by_video(None)
    loaded = load_labelled(
        find_inputs([arguments.videos]),
        labels,
        stride=arguments.stride,
        cache=default_cache(),
        jobs=available_cores(),
    )
    truth = annotations.in_subset("test")
    folds = fold_numbers(
        len(annotations.in_subset("training")), arguments.folds, arguments.sessions
    )
    share = true_share(truth, loaded.features)
    print(f"true foreground share of the test videos: {share:.0%}")
    print(f"{'':36}{'held-out video labels':>28}{'test mAP, tIoU 0.3-0.7':>28}{'share':>14}")
    heads = ("mAP", "entropy", "predicted", "manual", "foreground")
    print(f"{'training':36}" + "".join(f"{head:>14}" for head in heads))
    for name, config in CONFIGS.items():
        if arguments.only not in name:
            continue
        results = [
            evaluate_config(replace(config, seed=seed), loaded.features, annotations, folds)
            for seed in range(arguments.seeds)
        ]
        print(f"{name:36}" + row_of(results), flush=True)


def evaluate_config(
    config: TrainingConfig,
    features: Mapping[str, Features],
    annotations: Annotations,
    folds: np.ndarray,
) -> Result:
    labels = annotations.labels_by_video("training")
    truth = annotations.in_subset("test")
    precision, entropy = held_out(config, features, labels, folds)
    training_set = make_training_set(features, labels)
    network = train(training_set, config, device=CPU)
    scores = {v.name: score(network, training_set.classes, features[v.name]) for v in truth}
    validation = validate(scores, truth, config.post_processing(), TIOUS)
    return Result(
        precision,
        entropy,
        validation.predicted.average,
        validation.manual.average,
        float(np.mean([found_share(scores[video.name], video.labels) for video in truth])),
    )


def held_out(
    config: TrainingConfig,
    features: Mapping[str, Features],
    labels: Mapping[str, tuple[str, ...]],
    folds: np.ndarray,
) -> tuple[float, float]:
    """Mean average precision over classes, and cross entropy, of held-out videos' labels."""
    names, classes = list(labels), sorted({label for its in labels.values() for label in its})
    probabilities = np.zeros((len(names), len(classes)))
    for fold in np.unique(folds):
        outside = {name: labels[name] for i, name in enumerate(names) if folds[i] != fold}
        training_set = make_training_set(features, outside)
        network = train(training_set, config, device=CPU)
        columns = [classes.index(label) for label in training_set.classes]
        for i in np.flatnonzero(folds == fold):
            its = score(network, training_set.classes, features[names[i]]).probabilities[:-1]
            probabilities[i, columns] = its / its.sum()
    present = np.array([[label in labels[name] for label in classes] for name in names])
    targets = present / present.sum(axis=1, keepdims=True)
    entropy = -(targets * np.log(np.maximum(probabilities, 1e-6))).sum(axis=1).mean()
    precisions = [
        average_precision(probabilities[:, c], present[:, c]) for c in range(len(classes))
    ]
    return float(np.mean(precisions)), float(entropy)


def fold_numbers(videos: int, folds: int, sessions: int) -> np.ndarray:
    """The fold (videos,) of each training video; a whole recording session shares one."""
    session = np.arange(videos) % (sessions or videos)
    return session % folds


def average_precision(scores: np.ndarray, present: np.ndarray) -> float:
    """Mean precision at the ranks of the videos that show a class."""
    order = np.argsort(-scores, kind="stable")
    hits = present[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def found_share(scores: Scores, labels: Sequence[str]) -> float:
    """Share of a video's snippets in which one of its labels is above the threshold."""
    columns = [scores.classes.index(label) for label in labels]
    return float((scores.scores[:, columns].max(axis=1) > scores.background).mean())


def true_share(truth: Sequence[VideoAnnotation], features: Mapping[str, Features]) -> float:
    """Share of the videos' time inside their segments, averaged over videos."""
    return float(
        np.mean([np.ptp(v.segments, axis=1).sum() / features[v.name].duration for v in truth])
    )


def row_of(results: Sequence[Result]) -> str:
    def cell(name: str, scale: float = 100.0) -> str:
        values = [scale * getattr(result, name) for result in results]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        digits = 1 if scale > 1 else 3
        return f"{statistics.mean(values):.{digits}f}+-{spread:.{digits}f}"

    return (
        f"{cell('held_out_map'):>14}{cell('held_out_entropy', 1):>14}"
        f"{cell('predicted'):>14}{cell('manual'):>14}{cell('foreground'):>14}"
    )


if __name__ == "__main__":
    main()
