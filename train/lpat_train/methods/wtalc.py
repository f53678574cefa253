"""W-TALC: weakly supervised localization by top-k pooling and co-activity (Paul et al., 2018)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.methods.losses import casl_loss, label_cross_entropy
from lpat_train.network.base import without_background
from lpat_train.network.pooling import top_k_mean


class Output(NamedTuple):
    """Snippets' class scores, their pooled logits, and the features that the classifier saw."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T), zeros
    logits: Tensor  # (B, C)
    hidden: Tensor  # (B, T, H)


class WTALC(Peer):
    """A linear classifier on the hidden layer, pooled over each class's best snippets."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.share = config.top_k_share
        self.classifier = nn.Linear(self.hidden, classes)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        scores = self.classifier(hidden)
        background = torch.zeros_like(scores[..., 0])
        return Output(scores, background, top_k_mean(scores, mask, self.share), hidden)

    def probabilities(self, output: Output) -> Tensor:
        """The softmax over the classes."""
        return without_background(torch.softmax(output.logits, dim=-1))


def losses(output: Output, batch: Batch, config: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the pooled scores, and the co-activity similarity loss."""
    classification = label_cross_entropy(torch.log_softmax(output.logits, dim=-1), batch.labels)
    casl = casl_loss(output.hidden, output.scores, batch.labels, batch.mask)
    total = classification + config.casl * casl
    return {"total": total, "classification": classification, "casl": casl}


METHOD = Method(WTALC, losses)
