"""LPAT: class scores and a background threshold for every snippet (Lin, Shou and Chang, 2019).

Axes: B video, T snippet, D feature, H hidden, C class. `mask` (B, T) is true on real snippets
and false on padding; a video scores the same alone and padded in a batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.network import Network
from lpat_train.pooling import masked_mean


class Output(NamedTuple):
    """What the network says of each snippet, and of each video."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T), the predicted threshold
    logits: Tensor  # (B, C + 1), pooled; their softmax is the video's class probabilities
    hidden: Tensor = torch.empty(0)  # (B, T, H), what the classifier saw


class LPAT(Network):
    """Features (B, T, D) to scores, background and pooled logits (Eqs. 1-4)."""

    def __init__(
        self,
        dimension: int,
        classes: int,
        *,
        hidden: int = 2048,
        dropout: float = 0.7,
        temporal_convolution: bool = False,
    ) -> None:
        super().__init__(
            dimension, hidden=hidden, dropout=dropout, temporal_convolution=temporal_convolution
        )
        self.classifier = nn.Linear(hidden, classes + 1)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        raw = self.classifier(hidden)  # (B, T, C + 1)
        scores, background = raw[..., :-1], raw[..., -1]
        logits = torch.cat(
            [
                gated_average(scores, background, mask),
                masked_mean(background, mask)[..., None],  # Eq. 3
            ],
            dim=-1,
        )
        return Output(scores, background, logits, hidden)

    def probabilities(self, output: Output) -> Tensor:
        """Eq. 4."""
        return torch.softmax(output.logits, dim=-1)


def gated_average(scores: Tensor, background: Tensor, mask: Tensor | None) -> Tensor:
    """Gated Temporal Average Pooling (Eqs. 1 and 2): (B, C) from scores (B, T, C).

    The weights g / sum g are the softmax over t of log g, which stays finite where every gate
    of a video is too small for float32.
    """
    log_gates = functional.logsigmoid(scores - background[..., None])  # (B, T, C)
    if mask is not None:
        log_gates = log_gates.masked_fill(~mask[..., None], float("-inf"))
    return (torch.softmax(log_gates, dim=1) * scores).sum(dim=1)


class Localizer(nn.Module):
    """What is exported: features (B, T, D) to scores, background and probabilities."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (B, T, C), background (B, T), probabilities (B, C + 1)."""
        output = self.network(features)
        return output.scores, output.background, self.network.probabilities(output)
