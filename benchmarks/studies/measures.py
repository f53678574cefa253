"""What one trained network is worth: on held-out labels, on segments, on single snippets."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmarks.studies.data import TIOUS, StudyData
from benchmarks.studies.simulation import snippet_truth
from lpat.evaluation.average_precision import evaluate
from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.types import BoolArray, Features, Float64Array, Int64Array, Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.network.base import Network
from lpat_train.network.level import Level
from lpat_train.training.calibration import calibrate
from lpat_train.training.early_stopping import judge_labels
from lpat_train.training.heeding import can_choose, choose_heeded
from lpat_train.training.loop import train
from lpat_train.training.validation import score

CPU = torch.device("cpu")
FALSE_ALARMS = 0.03
"""Rate of the level that a network which has none of its own gets for its level sets."""


@dataclass(frozen=True)
class SnippetMeasures:
    """The gate, s > b of a labelled class, against the truth; shares in [0, 1].

    `found` and `true` are shares of foreground, the mean over videos of the share of snippets in
    which any labelled class is present. The others pool all pairs of a snippet and a labelled
    class: `precision` is 1 where nothing is found, and `area` is that under the ROC curve of
    s - b, 0.5 where one of its sides is empty.
    """

    found: float
    true: float
    precision: float
    recall: float
    area: float


def measure(
    config: TrainingConfig, data: StudyData, *, folds: int, sessions: int
) -> dict[str, float]:
    """All measures of a config on a data set, by name.

    `map_own_0.5` and its like are mAP at a tIoU by one way to make segments, without the tIoU their
    mean: `own` is the config's, what its exported model would do; `predicted` and `manual` are the
    runs above one threshold, of the same score; `levels` are level sets of calibrated scores.
    `seconds` is the time that training took. With `folds`, `label_map` and `label_entropy` are
    those of held-out training videos.
    """
    training_set = make_training_set(data.features, data.labels, data.counts)
    start = time.perf_counter()
    if can_choose(training_set, config):
        config = replace(config, heeds=choose_heeded(training_set, config, CPU).heeds)
    network = train(training_set, config, device=CPU)
    values = {"seconds": time.perf_counter() - start}
    scores = scores_of(network, training_set, data)
    own = config.post_processing()
    runs = replace(own, proposals="runs")
    values |= precisions("own", scores, data, own)
    values |= precisions("predicted", scores, data, replace(runs, threshold="predicted"))
    values |= precisions("manual", scores, data, replace(runs, threshold="manual"))
    calibrated = with_level(network, training_set)
    values |= precisions(
        "levels",
        scores if calibrated is network else scores_of(calibrated, training_set, data),
        data,
        replace(own, proposals="levels", threshold="predicted"),
    )
    values |= vars(measure_snippets(scores, data))
    if folds:
        numbers = fold_numbers(len(data.labels), folds, sessions)
        values["label_map"], values["label_entropy"] = held_out(
            config, data.features, data.labels, numbers, data.counts
        )
    return values


def scores_of(network: Network, training_set: TrainingSet, data: StudyData) -> dict[str, Scores]:
    """Scores of each judged video, as the exported model would give them."""
    return {
        video.name: score(network, training_set.classes, data.features[video.name])
        for video in data.truth
    }


def with_level(network: Network, training_set: TrainingSet) -> Network:
    """The network where it is calibrated, else a copy whose level is at `FALSE_ALARMS`.

    Of videos in which nothing happens the level learns too, whether the method did or not.
    """
    if network.level is None or network.level.calibrated:
        return network
    calibrated = copy.deepcopy(network)
    members = len(network.level.member_deviations)
    calibrated.level = Level(len(training_set.classes), members=members, false_alarms=FALSE_ALARMS)
    calibrate(calibrated, training_set.videos)
    return calibrated


def precisions(
    name: str, scores: Mapping[str, Scores], data: StudyData, options: PostProcessing
) -> dict[str, float]:
    """Mean mAP as `map_NAME`, and mAP at each tIoU as `map_NAME_TIOU`, of segments made so."""
    detections = {video: detect(its, options) for video, its in scores.items()}
    evaluation = evaluate(data.truth, detections, tious=np.asarray(TIOUS))
    at_tiou = zip(TIOUS, evaluation.mean_average_precision, strict=True)
    return {f"map_{name}": evaluation.average} | {
        f"map_{name}_{tiou}": float(precision) for tiou, precision in at_tiou
    }


def measure_snippets(scores: Mapping[str, Scores], data: StudyData) -> SnippetMeasures:
    """How well the gate tells snippets of actions from others in the test videos."""
    found, true, margins, truths = [], [], [], []
    for video in data.truth:
        its = scores[video.name]
        labels = [label for label in video.labels if label in its.classes]
        if not labels:
            continue
        columns = [its.classes.index(label) for label in labels]
        margin = its.scores[:, columns].astype(np.float64) - its.background[:, None]
        truth = snippet_truth(video, its.edges, labels)
        found.append((margin > 0).any(axis=1).mean())
        true.append(truth.any(axis=1).mean())
        margins.append(margin.ravel())
        truths.append(truth.ravel())
    margin, truth = np.concatenate(margins), np.concatenate(truths)
    hits = int((truth & (margin > 0)).sum())
    taken = int((margin > 0).sum())
    return SnippetMeasures(
        float(np.mean(found)),
        float(np.mean(true)),
        hits / taken if taken else 1.0,
        hits / max(int(truth.sum()), 1),
        roc_area(margin, truth),
    )


def roc_area(values: Float64Array, truth: BoolArray) -> float:
    """Chance that a true value is above a false one; a tie counts half. 0.5 without either."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not (positives and negatives):
        return 0.5
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # from 1, ties share their mean
    above = ranks[places][truth].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def held_out(
    config: TrainingConfig,
    features: Mapping[str, Features],
    labels: Mapping[str, tuple[str, ...]],
    folds: Int64Array,
    counts: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[float, float]:
    """Mean average precision over classes, and cross entropy, of held-out videos' labels."""
    names, classes = list(labels), sorted({label for its in labels.values() for label in its})
    probabilities = np.zeros((len(names), len(classes)))
    for fold in np.unique(folds):
        outside = {name: labels[name] for i, name in enumerate(names) if folds[i] != fold}
        training_set = make_training_set(features, outside, counts)
        network = train(training_set, config, device=CPU)
        columns = [classes.index(label) for label in training_set.classes]
        for i in np.flatnonzero(folds == fold):
            its = score(network, training_set.classes, features[names[i]])
            probabilities[i, columns] = its.probabilities[:-1]
    present = np.array([[label in labels[name] for label in classes] for name in names])
    judged = judge_labels(probabilities, present)
    return judged.mean_average_precision, judged.cross_entropy


def fold_numbers(videos: int, folds: int, sessions: int) -> Int64Array:
    """The fold (videos,) of each training video; a whole recording session shares one.

    Video i is of session i modulo `sessions`; with 0 each is its own.
    """
    session = np.arange(videos) % (sessions or videos)
    return session % folds
