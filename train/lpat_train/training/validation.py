"""How well a network localizes, by the very post-processing and metrics that ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import Evaluation, evaluate
from lpat.segments.detect import detect
from lpat.segments.level import leveled
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, PredictedEnds, Scores
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
    module = ExportModule(network).eval()
    device = next(network.parameters()).device
    with torch.no_grad():
        outputs = module(torch.from_numpy(features.values)[None].to(device))
    scores, background, probabilities, *told = (output[0].cpu().numpy() for output in outputs)
    ends = PredictedEnds(*told) if told else None
    learned = Scores(classes, scores, background, probabilities, features.edges, ends)
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
