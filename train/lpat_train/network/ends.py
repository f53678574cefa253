"""A network that tells at each snippet where the instance begins and ends that it lies in.

One stage without anchors, as ActionFormer (Zhang et al. 2022) has it, in small. Axes: B video,
T snippet, D feature, C class.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.network.dropout import Dropout

HIDDEN = 128
DILATIONS = (1, 2, 4)
DROPOUT = 0.5
RARE = -3.0
"""Bias of a chance's logit before training: most snippets are near no instance's middle."""


class Ends(nn.Module):
    """Features (B, T, D) to logits (B, T, C) and distances (B, T, 2).

    The logits' sigmoids are chances that a snippet is near the middle of an instance of a class;
    distances lead from it to the start and to the end, in snippets. It standardises features by
    itself, so that an exported graph may fold that into weights.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, dimension: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.embedding = nn.Linear(dimension, HIDDEN)
        self.layers = nn.ModuleList(
            nn.Conv1d(HIDDEN, HIDDEN, kernel_size=3, padding=dilation, dilation=dilation)
            for dilation in DILATIONS
        )
        self.dropout = Dropout(DROPOUT)
        self.classifier = nn.Linear(HIDDEN, classes)
        self.distances = nn.Linear(HIDDEN, 2)
        nn.init.constant_(self.classifier.bias, RARE)
        nn.init.constant_(self.distances.bias, 1.0)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of padded videos, where `mask` (B, T) is true on real snippets; without, all are."""
        real = None if mask is None else mask[:, None].to(features.dtype)
        hidden = functional.relu(self.embedding((features - self.mean) * self.scale))
        hidden = _real(self.dropout(hidden).transpose(1, 2), real)
        for layer in self.layers:
            hidden = _real(hidden + self.dropout(functional.relu(layer(hidden))), real)
        hidden = hidden.transpose(1, 2)
        return self.classifier(hidden), functional.softplus(self.distances(hidden))

    @classmethod
    def shaped_as(cls, state: dict[str, Tensor]) -> Ends:
        """A network that takes such a state.

        Raises:
            KeyError: it holds other values.
        """
        return cls(len(state["mean"]), len(cast(Tensor, state["classifier.bias"])))


def _real(hidden: Tensor, real: Tensor | None) -> Tensor:
    """What lies past a video's end must look like the zero padding."""
    return hidden if real is None else hidden * real
