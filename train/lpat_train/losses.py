"""The losses of LPAT, each a pure function of the network's output, one value per batch.

Every loss is the mean over the batch's videos; padding counts nowhere. Axes as in `model`.
`labels` (B, C) is multi-hot; a video without any is one in which nothing happens. What is said of
labelled classes alone is the mean over the videos that have a label, 0 where none of them has.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lpat_train.config import BackgroundReading, NormReading, TrainingConfig
from lpat_train.model import Output
from lpat_train.pooling import top_k_mean


class Losses(NamedTuple):
    """Scalars: what is minimised, and its terms before weighting."""

    total: Tensor
    classification: Tensor
    confidence: Tensor
    top_k: Tensor
    barrier: Tensor
    absence: Tensor


def lpat_loss(output: Output, labels: Tensor, mask: Tensor, config: TrainingConfig) -> Losses:
    """Eq. 8, lambda * L_clas + (1 - lambda) * L_conf, and three terms beyond the paper."""
    background_weight = config.background_weight_of(labels.shape[1])
    classification = classification_loss(
        output.logits, labels, background_weight, config.background_reading
    )
    confidence = confidence_loss(
        output.scores, output.background, labels, mask, config.norm_reading
    )
    top_k = top_k_loss(output.scores, labels, mask, config.top_k_share)
    barrier = barrier_loss(output.scores, output.background, labels, mask)
    absence = absence_loss(output.scores, output.background, labels, mask)
    total = (
        config.balance * classification
        + (1 - config.balance) * confidence
        + config.top_k * top_k
        + config.barrier * barrier
        + config.absence * absence
    )
    return Losses(total, classification, confidence, top_k, barrier, absence)


def classification_loss(
    logits: Tensor, labels: Tensor, background_weight: float, reading: BackgroundReading
) -> Tensor:
    """L_clas (Eq. 5): cross entropy to the normalised labels, and to the background.

    Printed in the paper without its minus. `once` adds w_b log p[C+1] once per video; `inside`
    takes the printed parentheses at their word, where the sum over j adds it C times. Of a video
    without labels that is the one term.
    """
    log_p = torch.log_softmax(logits, dim=-1)
    times = 1 if reading == "once" else labels.shape[1]
    background = -times * background_weight * log_p[:, -1].mean()
    return label_cross_entropy(log_p[:, :-1], labels) + background


def confidence_loss(
    scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor, reading: NormReading
) -> Tensor:
    """L_conf (Eqs. 6 and 7): pushes the labelled score and the background to opposite signs.

    `vector` divides by the norms over the video's snippets. `snippet` divides each term by its
    own |s b|, with a floor: as printed it grows without bound near zero.
    """
    labelled = labelled_maximum(scores, labels)  # (B, T), Eq. 6
    hinge = functional.relu(labelled * background + 0.5) * mask
    if reading == "snippet":
        per_video = (hinge / (labelled * background).abs().clamp(min=0.1)).sum(dim=1)
        return labelled_mean(per_video, labels)
    squares = (labelled.square() * mask).sum(dim=1) * (background.square() * mask).sum(dim=1)
    # The root's slope is infinite at zero: the small term keeps the gradient finite there.
    return labelled_mean(hinge.sum(dim=1) / (squares + 1e-6).sqrt(), labels)


def labelled_maximum(scores: Tensor, labels: Tensor) -> Tensor:
    """The largest score among the video's labelled classes (Eq. 6): (B, T), 0 without any."""
    largest = scores.masked_fill(labels[:, None, :] == 0, float("-inf")).amax(dim=-1)
    return torch.where(labels.any(dim=1)[:, None], largest, 0)


def top_k_loss(scores: Tensor, labels: Tensor, mask: Tensor, share: float) -> Tensor:
    """Multiple-instance loss of W-TALC: each class's mean over its ceil(share * T) best snippets.

    Softmax over the classes, no background; it keeps the scores of an action complete.
    """
    pooled = top_k_mean(scores, mask, share)
    return label_cross_entropy(torch.log_softmax(pooled, dim=-1), labels)


def label_cross_entropy(log_p: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of class probabilities, as logarithms (B, C), to the normalised labels."""
    targets = labels / labels.sum(dim=1, keepdim=True).clamp(min=1)
    return -labelled_mean((targets * log_p).sum(dim=1), labels)


def labelled_mean(per_video: Tensor, labels: Tensor) -> Tensor:
    """The mean of values (B,) over the videos that have a label; 0 where none has."""
    has_label = labels.any(dim=1)
    return (per_video * has_label).sum() / has_label.sum().clamp(min=1)


def barrier_loss(scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """-(log g + log(1 - g)) of a video's mean gate g of its labelled classes.

    Nothing in Eqs. 4-7 fixes how much of a video is foreground: all of it, or a peak alone, can
    satisfy them. This keeps the share away from both.
    """
    gates = torch.sigmoid(scores - background[..., None]) * mask[..., None]
    share = gates.sum(dim=1) / mask.sum(dim=1, keepdim=True)  # (B, C)
    mean = (share * labels).sum(dim=1) / labels.sum(dim=1).clamp(min=1)
    mean = mean.clamp(1e-6, 1 - 1e-6)
    return -labelled_mean(mean.log() + (-mean).log1p(), labels)


def absence_loss(scores: Tensor, background: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """-log(1 - g) of the classes that a video does not show: their gates are shut throughout.

    The mean over a video's other classes and its snippets; 0 of a video that shows all. Labels
    know of nothing else that is true of single snippets: of what a video shows they don't say
    when, but what it doesn't show is nowhere in it, and where it shows none that goes for every
    class. So the threshold must pass all that videos have in common.
    """
    absent = (1 - labels)[:, None, :] * mask[..., None]
    opened = functional.softplus(scores - background[..., None]) * absent  # -log(1 - g)
    return (opened.sum(dim=(1, 2)) / absent.sum(dim=(1, 2)).clamp(min=1)).mean()
