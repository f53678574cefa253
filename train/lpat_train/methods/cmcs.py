"""CMCS: branches that must find different parts of an action (Liu, Jiang and Wang, 2019).

Its completeness modelling alone: the separation of context needs static clips made from flow.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.methods.losses import label_cross_entropy
from lpat_train.network.base import without_background


class Output(NamedTuple):
    """Snippets' class probabilities, the video's, and each branch's activations."""

    scores: Tensor  # (B, T, C), softmax over the classes of the branches' mean activation
    background: Tensor  # (B, T), 1/2
    log_probabilities: Tensor  # (B, C)
    branches: Tensor  # (B, T, K, C), activations before softmax


class CMCS(Peer):
    """K linear classifiers on the hidden layer, whose mean attention weighs over time."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.classifiers = nn.Linear(self.hidden, config.branches * classes)
        self.attention = nn.Linear(self.hidden, 1)
        self.classes = classes

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        branches = self.classifiers(hidden).unflatten(-1, (-1, self.classes))
        log_scores = torch.log_softmax(branches.mean(dim=2), dim=-1)  # (B, T, C)
        attention = self.attention(hidden)[..., 0]  # (B, T)
        if mask is not None:
            attention = attention.masked_fill(~mask, float("-inf"))
        log_attention = torch.log_softmax(attention, dim=1)
        log_p = torch.logsumexp(log_attention[..., None] + log_scores, dim=1)
        return Output(log_scores.exp(), torch.full_like(attention, 0.5), log_p, branches)

    def probabilities(self, output: Output) -> Tensor:
        """The snippets' mean, as attention weighs them."""
        return without_background(output.log_probabilities.exp())


def losses(output: Output, batch: Batch, config: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the video's class probabilities, and what keeps branches apart."""
    classification = label_cross_entropy(output.log_probabilities, batch.labels)
    diversity = diversity_loss(output.branches, batch.mask)
    balance = balance_loss(output.branches, batch.mask)
    total = classification + config.diversity * (diversity + balance)
    return {
        "total": total,
        "classification": classification,
        "diversity": diversity,
        "balance": balance,
    }


def diversity_loss(branches: Tensor, mask: Tensor) -> Tensor:
    """Mean cosine over time of two branches' class probabilities, over pairs and classes.

    0 for a single branch.
    """
    sequences = torch.softmax(branches, dim=-1) * mask[..., None, None]  # (B, T, K, C)
    unit = functional.normalize(sequences, dim=1, eps=1e-4)
    cosines = torch.einsum("btkc,btlc->bckl", unit, unit)
    count = branches.shape[2]
    above = torch.ones(count, count, device=branches.device).triu(diagonal=1)
    return (cosines * above).sum(dim=(2, 3)).mean() / max(count * (count - 1) / 2, 1)


def balance_loss(branches: Tensor, mask: Tensor) -> Tensor:
    """Mean distance of a branch's norm over time to the branches' mean norm, over classes.

    Without it one branch could be right and the others silent.
    """
    # The root's slope is infinite at zero: the small term keeps the gradient finite there.
    norms = ((branches.square() * mask[..., None, None]).sum(dim=1) + 1e-6).sqrt()  # (B, K, C)
    return (norms - norms.mean(dim=1, keepdim=True)).abs().mean()


METHOD = Method(CMCS, losses)
