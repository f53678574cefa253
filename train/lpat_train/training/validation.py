"""How well a network localizes, by the very post-processing and metrics that ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import Evaluation, evaluate
from lpat.model.model import windows
from lpat.segments.detect import detect
from lpat.segments.level import leveled
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, Float32Array, Float64Array, PredictedEnds, Scores
from lpat_train.data.dataset import FeatureRows
from lpat_train.network.base import ExportModule, Network


@dataclass(frozen=True, eq=False)
class Validation:
    """One model's detections judged under both thresholds; their segments score alike."""

    predicted: Evaluation
    manual: Evaluation

    def by_threshold(self) -> tuple[tuple[str, Evaluation], ...]:
        """Name and evaluation of each threshold, the predicted one first."""
        return ("predicted", self.predicted), ("manual", self.manual)


def format_thresholds(validation: Validation) -> str:
    """A table for the terminal: a row for each threshold, a column for each tIoU."""
    tious = validation.predicted.tious
    lines = ["mAP at tIoU" + "".join(f"{tiou:8.1f}" for tiou in tious) + "    mean"]
    for name, evaluation in validation.by_threshold():
        cells = "".join(f"{value:8.1%}" for value in evaluation.mean_average_precision)
        lines.append(f"  {name:9}{cells}{evaluation.average:8.1%}")
    return "\n".join(lines)


def score(network: Network, classes: tuple[str, ...], features: Features) -> Scores:
    """Scores of one video by a network, as the exported model would give them."""
    return score_rows(network, classes, torch.from_numpy(features.values), features.edges)


def score_rows(
    network: Network, classes: tuple[str, ...], values: FeatureRows, edges: Float64Array
) -> Scores:
    """The same of features (T, D) that may lie in a file, whose snippets have such `edges`.

    As there, a long video is scored in windows, and the highest probability of each class counts.
    """
    module, device = ExportModule(network).eval(), network.mean.device
    parts: list[list[Float32Array]] = []
    shown: list[Float32Array] = []
    with torch.no_grad():
        for window in windows(len(values)):
            outputs = module(values[window.first : window.last].to(device)[None])
            scores, background, probabilities, *told = (its[0].cpu().numpy() for its in outputs)
            parts.append([its[window.kept] for its in (scores, background, *told)])
            shown.append(probabilities)
    scores, background, *told = (np.concatenate(its) for its in zip(*parts, strict=True))
    ends = PredictedEnds(*told) if told else None
    learned = Scores(classes, scores, background, np.max(shown, axis=0), edges, ends)
    level = None if network.level is None else network.level.table_of(classes)
    return learned if level is None else leveled(learned, level)


def validate(
    scores: Mapping[str, Scores],
    truth: Sequence[VideoAnnotation],
    post_processing: PostProcessing,
    tious: Sequence[float],
) -> Validation:
    """Evaluate scored videos against the truth, once by each threshold."""
    by_threshold = {}
    for threshold in ("predicted", "manual"):
        options = replace(post_processing, threshold=threshold)
        results = {name: detect(entry, options) for name, entry in scores.items()}
        by_threshold[threshold] = evaluate(truth, results, tious=np.asarray(tious))
    return Validation(**by_threshold)
