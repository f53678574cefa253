"""STPN: sparse attention over time, and temporal class activation maps (2018).

Nguyen, Liu, Prasad and Han, "Weakly Supervised Action Localization by Sparse Temporal Pooling
Network".
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.network.base import without_background
from lpat_train.network.pooling import masked_mean


class Output(NamedTuple):
    """Snippets' weighted activations, the video's logits, and the attention."""

    scores: Tensor  # (B, T, C); sigmoid(scores) is attention * sigmoid(activation)
    background: Tensor  # (B, T), zeros: a threshold of 1/2
    logits: Tensor  # (B, C)
    attention: Tensor  # (B, T), in (0, 1)


class STPN(Peer):
    """Attention from the hidden layer; a linear classifier on the attended mean of the features."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.attention = nn.Linear(self.hidden, 1)
        self.classifier = nn.Linear(dimension, classes)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        standardised = self.standardised(features)
        gate = self.attention(self.transformed(standardised, mask))  # (B, T, 1), before sigmoid
        attention = torch.sigmoid(gate)
        logits = self.classifier(masked_mean(attention * standardised, mask))
        activation = self.classifier(standardised)  # (B, T, C), the T-CAM
        return Output(
            logit_of_product(gate, activation), torch.zeros_like(gate[..., 0]), logits,
            attention[..., 0],
        )  # fmt: skip

    def probabilities(self, output: Output) -> Tensor:
        """A sigmoid for each class."""
        return without_background(torch.sigmoid(output.logits))


def logit_of_product(first: Tensor, second: Tensor) -> Tensor:
    """The z with sigmoid(z) = sigmoid(first) * sigmoid(second), which broadcast.

    1/sigmoid(z) = 1 + exp(-z) makes exp(-z) the sum of exp(-x), exp(-y) and exp(-x - y), whose
    logarithm stays finite where the sigmoids are 0 or 1 in float32.
    """
    first, second = torch.broadcast_tensors(first, second)
    return -torch.stack([-first, -second, -first - second]).logsumexp(dim=0)


def losses(output: Output, batch: Batch, config: TrainingConfig) -> dict[str, Tensor]:
    """Multi-label cross entropy, and the attention's L1 norm over the video."""
    classification = functional.binary_cross_entropy_with_logits(output.logits, batch.labels)
    sparsity = (output.attention * batch.mask).sum(dim=1).mean()
    total = classification + config.sparsity * sparsity
    return {"total": total, "classification": classification, "sparsity": sparsity}


METHOD = Method(STPN, losses, learns_absence=True)
