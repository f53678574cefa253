"""How well a network localizes, by the very post-processing and metrics that ship."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from lpat.annotations import VideoAnnotation
from lpat.evaluation import Evaluation, evaluate
from lpat.segments import PostProcessing, detect
from lpat.types import Features, Scores
from lpat_train.model import LPAT, Localizer


@dataclass(frozen=True, eq=False)
class Validation:
    """Detections of one model judged under both thresholds, in the same segments' scores."""

    predicted: Evaluation
    manual: Evaluation


def score(network: LPAT, classes: tuple[str, ...], features: Features) -> Scores:
    """Scores of one video by a network, as the exported model would give them."""
    localizer = Localizer(network).eval()
    device = next(network.parameters()).device
    with torch.no_grad():
        outputs = localizer(torch.from_numpy(features.values)[None].to(device))
    scores, background, probabilities = (output[0].cpu().numpy() for output in outputs)
    return Scores(classes, scores, background, probabilities, features.edges)


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
