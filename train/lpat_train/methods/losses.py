"""Losses that several methods share, each a pure function, one value per batch.

Every loss is the mean over the batch's videos; padding counts nowhere. Axes: B video, T snippet,
H hidden, C class. `labels` (B, C) is multi-hot; a video without any is one in which nothing
happens. What is said of labelled classes alone is the mean over the videos that have a label, 0
where none of them has.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lpat_train.network.pooling import masked_softmax, top_k_mean

CASL_MARGIN = 0.5


def label_cross_entropy(log_p: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of class probabilities, as logarithms (B, C), to the normalised labels."""
    targets = labels / labels.sum(dim=1, keepdim=True).clamp(min=1)
    return -labelled_mean((targets * log_p).sum(dim=1), labels)


def labelled_mean(per_video: Tensor, labels: Tensor) -> Tensor:
    """The mean of values (B,) over the videos that have a label; 0 where none has."""
    has_label = labels.any(dim=1)
    return (per_video * has_label).sum() / has_label.sum().clamp(min=1)


def top_k_loss(scores: Tensor, labels: Tensor, mask: Tensor, share: float) -> Tensor:
    """Multiple-instance loss of W-TALC: each class's mean over its ceil(share * T) best snippets.

    Softmax over the classes, no background; it keeps the scores of an action complete.
    """
    pooled = top_k_mean(scores, mask, share)
    return label_cross_entropy(torch.log_softmax(pooled, dim=-1), labels)


def casl_loss(hidden: Tensor, scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """How little two videos look alike where both show the class that they share; a scalar.

    With a the softmax over t of a class's scores, H = sum_t a x is a video's feature where the
    class is, and L = sum_t (1 - a) x / (T - 1) elsewhere. Two videos of the class give
    1/2 (max(d(H1,H2) - d(H1,L2) + 1/2, 0) + max(d(H1,H2) - d(L1,H2) + 1/2, 0)), d = 1 - cosine:
    the mean over the batch's pairs of a class, then over the classes that have a pair; 0 without
    any. `hidden` (B, T, H) are the transformed features x.
    """
    attention = masked_softmax(scores, mask)  # (B, T, C)
    others = (mask.sum(dim=1) - 1).clamp(min=1)
    rest = (1 - attention) * mask[..., None] / others[:, None, None]
    inside = functional.normalize(attention.transpose(1, 2) @ hidden, dim=-1, eps=1e-4)  # (B, C, H)
    outside = functional.normalize(rest.transpose(1, 2) @ hidden, dim=-1, eps=1e-4)
    alike = torch.einsum("ach,bch->cab", inside, inside)  # (C, B, B), cosines
    apart = torch.einsum("ach,bch->cab", inside, outside)
    hinge = functional.relu(apart - alike + CASL_MARGIN)
    of_class = labels.T > 0  # (C, B)
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    pairs = of_class[:, :, None] & of_class[:, None, :] & ~itself  # each pair both ways round
    counts = pairs.sum(dim=(1, 2))
    of_classes = (hinge * pairs).sum(dim=(1, 2)) / counts.clamp(min=1)
    return of_classes.sum() / (counts > 0).sum().clamp(min=1)
