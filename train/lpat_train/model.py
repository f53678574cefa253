"""LPAT: class scores and a background threshold for every snippet (Lin, Shou and Chang, 2019).

Axes: B video, T snippet, D feature, H hidden, C class. `mask` (B, T) is true on real snippets
and false on padding; a video scores the same alone and padded in a batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Output(NamedTuple):
    """What the network says of each snippet, and of each video."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T), the predicted threshold
    logits: Tensor  # (B, C + 1), pooled; their softmax is the video's class probabilities


class LPAT(nn.Module):
    """Features (B, T, D) to scores, background and pooled logits (Eqs. 1-4).

    Features are standardised first, by the mean and deviation of the training snippets, so that
    one set of hyperparameters serves any extractor; `fit_standardisation` sets both.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        dimension: int,
        classes: int,
        *,
        hidden: int = 2048,
        dropout: float = 0.7,
        temporal_convolution: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.transform = nn.Linear(dimension, hidden)
        self.convolution = (
            nn.Conv1d(hidden, hidden, kernel_size=3, padding=1) if temporal_convolution else None
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, classes + 1)

    def fit_standardisation(self, snippets: Tensor) -> None:
        """Take mean and deviation of snippets (N, D); constant features stay at zero."""
        deviation, self.mean = torch.std_mean(snippets, dim=0, correction=0)
        floor = 1e-3 * deviation.max().clamp(min=1e-6)
        self.scale = torch.where(deviation > floor, 1 / deviation.clamp(min=floor), 0)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = functional.relu(self.transform((features - self.mean) * self.scale))  # (B, T, H)
        if self.convolution is not None:
            if mask is not None:  # what lies past a video's end must look like the zero padding
                hidden = hidden * mask[..., None]
            context = self.convolution(hidden.transpose(1, 2)).transpose(1, 2)
            hidden = hidden + functional.relu(context)
        raw = self.classifier(self.dropout(hidden))  # (B, T, C + 1)
        scores, background = raw[..., :-1], raw[..., -1]
        logits = torch.cat(
            [
                gated_average(scores, background, mask),
                masked_mean(background, mask)[..., None],  # Eq. 3
            ],
            dim=-1,
        )
        return Output(scores, background, logits)


def gated_average(scores: Tensor, background: Tensor, mask: Tensor | None) -> Tensor:
    """Gated Temporal Average Pooling (Eqs. 1 and 2): (B, C) from scores (B, T, C).

    The weights g / sum g are the softmax over t of log g, which stays finite where every gate
    of a video is too small for float32.
    """
    log_gates = functional.logsigmoid(scores - background[..., None])  # (B, T, C)
    if mask is not None:
        log_gates = log_gates.masked_fill(~mask[..., None], float("-inf"))
    return (torch.softmax(log_gates, dim=1) * scores).sum(dim=1)


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the real snippets of values (B, T): (B,)."""
    if mask is None:
        return values.mean(dim=1)
    return (values * mask).sum(dim=1) / mask.sum(dim=1)


class Localizer(nn.Module):
    """What is exported: features (B, T, D) to scores, background and probabilities (Eq. 4)."""

    def __init__(self, network: LPAT) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (B, T, C), background (B, T), probabilities (B, C + 1)."""
        scores, background, logits = self.network(features)
        return scores, background, torch.softmax(logits, dim=-1)
