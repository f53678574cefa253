"""3C-Net: classes, centres of their features, and how often they show (2019).

Narayan, Cholakkal, Khan and Shao, "3C-Net: Category Count and Center Loss for Weakly-Supervised
Action Localization"; one stream of features.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.methods.losses import label_cross_entropy
from lpat_train.network.base import without_background
from lpat_train.network.pooling import masked_softmax, top_k_mean

CENTER_UNIT = 100.0
"""Centres are parameters in this unit. Adam moves a parameter by about its learning rate, however
large its gradient is: too slowly for the centres, which the paper trains at a rate of their own."""
ABSENT_WEIGHT = 1e-3
"""Weight of the counts of classes that a video doesn't show (as in the published code)."""


class Output(NamedTuple):
    """Snippets' class scores, their pooled logits, the classifier's input, and the centres."""

    scores: Tensor  # (B, T, C), the temporal class activation map
    background: Tensor  # (B, T), zeros
    logits: Tensor  # (B, C)
    hidden: Tensor  # (B, T, H)
    centers: Tensor  # (B, C, H), the same for each video


class ThreeCNet(Peer):
    """A linear classifier on the hidden layer, and where each class's features are to gather."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.share = config.top_k_share
        self.classifier = nn.Linear(self.hidden, classes)
        self.centers = nn.Parameter(torch.zeros(classes, self.hidden))

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        scores = self.classifier(hidden)
        logits = top_k_mean(scores, mask, self.share)
        background = torch.zeros_like(scores[..., 0])
        centers = (self.centers * CENTER_UNIT).expand(scores.shape[0], -1, -1)
        return Output(scores, background, logits, hidden, centers)

    def probabilities(self, output: Output) -> Tensor:
        """The softmax over the classes."""
        return without_background(torch.softmax(output.logits, dim=-1))


def losses(output: Output, batch: Batch, config: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the pooled scores, the centre loss and, where counts are known, theirs."""
    classification = label_cross_entropy(torch.log_softmax(output.logits, dim=-1), batch.labels)
    center = center_loss(output.hidden, output.scores, output.centers, batch.labels, batch.mask)
    count = count_loss(output.scores, batch.counts, batch.mask)
    total = classification + config.center * center + config.count * count
    return {"total": total, "classification": classification, "center": center, "count": count}


def center_loss(
    hidden: Tensor, scores: Tensor, centers: Tensor, labels: Tensor, mask: Tensor
) -> Tensor:
    """Mean squared distance of a video's feature of a class to the class's centre, over labels.

    That feature is the mean of `hidden` (B, T, H) weighed by a, the softmax over t of the class's
    score, where a is at least its mean of 1/T, and by 0 elsewhere.
    """
    attention = masked_softmax(scores, mask)  # (B, T, C)
    lengths = mask.sum(dim=1)[:, None, None]
    # Where all are alike, rounding must not put every one of them below the mean.
    attended = attention * (attention * lengths > 1 - 1e-4)
    weights = attended / attended.sum(dim=1, keepdim=True)
    of_classes = weights.transpose(1, 2) @ (hidden * mask[..., None])  # (B, C, H)
    distances = (of_classes - centers).square().sum(dim=-1)
    return (distances * labels).sum() / labels.sum()


def count_loss(scores: Tensor, counts: Tensor | None, mask: Tensor) -> Tensor:
    """How far the counts that scores tell are from the true ones, over videos whose are known.

    A class's count is m = sum_t a[t] s[t], a the softmax over t of its score s. A video's loss is
    the sum of |m - count| / count over the classes that it shows, and of 1e-3 |m| over the others;
    `counts` (B, C), NaN where unknown, which leaves the video out. 0 if all are.
    """
    if counts is None:
        return scores.new_zeros(())
    told = (masked_softmax(scores, mask) * scores).sum(dim=1)  # (B, C)
    known = counts.isfinite().all(dim=1)
    true = counts.nan_to_num()
    shown = (told - true).abs() / true.clamp(min=1)
    per_video = torch.where(true > 0, shown, ABSENT_WEIGHT * told.abs()).sum(dim=1)
    return (per_video * known).sum() / known.sum().clamp(min=1)


METHOD = Method(ThreeCNet, losses)
