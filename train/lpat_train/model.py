"""LPAT: class scores and a background threshold for every snippet (Lin, Shou and Chang, 2019).

Axes: B video, T snippet, D feature, H hidden, C class. `mask` (B, T) is true on real snippets
and false on padding; a video scores the same alone and padded in a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.context import Windows
from lpat_train.network import Network
from lpat_train.pooling import masked_mean
from lpat_train.teacher import Teacher


class Output(NamedTuple):
    """What the network says of each snippet, and of each video."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T), the predicted threshold
    logits: Tensor  # (B, C + 1), pooled; their softmax is the video's class probabilities
    hidden: Tensor = torch.empty(0)  # (B, T, H), what the classifier saw


class MembersOutput(NamedTuple):
    """The mean of all members, and each on its own. Axis M: member."""

    scores: Tensor  # (B, T, C)
    background: Tensor  # (B, T)
    logits: Tensor  # (B, C + 1)
    each_scores: Tensor  # (B, M, T, C)
    each_background: Tensor  # (B, M, T)
    each_logits: Tensor  # (B, M, C + 1)
    hidden: Tensor  # (B, M, T, H)

    @property
    def each(self) -> Output:
        """The members as videos of one batch, (B * M, ...), a video's members side by side."""
        parts = (self.each_scores, self.each_background, self.each_logits, self.hidden)
        return Output(*(part.flatten(0, 1) for part in parts))


class MembersLinear(nn.Conv1d):
    """A linear layer for each member: (B, T, M * H) to (B, T, M * outputs)."""

    def __init__(self, hidden: int, outputs: int, members: int) -> None:
        super().__init__(members * hidden, members * outputs, kernel_size=1, groups=members)

    def forward(self, input: Tensor) -> Tensor:
        """Each member's outputs from its own hidden units."""
        return super().forward(input.transpose(1, 2)).transpose(1, 2)


class LPAT(Network):
    """Features (B, T, D) to scores, background and pooled logits (Eqs. 1-4).

    With several members, one for each of `windows`, networks stand side by side on the same
    features, each with context, hidden units, dropout and losses of its own; what comes out is the
    mean of their raw scores.
    """

    def __init__(
        self,
        dimension: int,
        classes: int,
        *,
        hidden: int = 2048,
        dropout: float = 0.7,
        temporal_convolution: bool = False,
        windows: Sequence[Windows] = ((),),
    ) -> None:
        super().__init__(
            dimension,
            hidden=hidden,
            dropout=dropout,
            temporal_convolution=temporal_convolution,
            windows=windows,
        )
        self.members = members = len(windows)
        self.teacher: Teacher | None = None  # of self-training; takes no part in `forward`
        self.classifier = (
            nn.Linear(hidden, classes + 1)
            if members == 1
            else MembersLinear(hidden, classes + 1, members)
        )

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output | MembersOutput:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        raw = self.classifier(hidden)  # (B, T, M * (C + 1))
        if self.members == 1:
            return Output(*scores_of(raw, mask), hidden)
        each_raw, each_hidden = _by_member(raw, self.members), _by_member(hidden, self.members)
        each_mask = None if mask is None else mask.repeat_interleave(self.members, dim=0)
        parts = (*scores_of(each_raw.flatten(0, 1), each_mask), each_hidden.flatten(0, 1))
        each = [part.unflatten(0, (-1, self.members)) for part in parts]
        return MembersOutput(*(part.mean(dim=1) for part in each[:3]), *each)

    def probabilities(self, output: Output | MembersOutput) -> Tensor:
        """Eq. 4, of several members on their mean logits."""
        return torch.softmax(output.logits, dim=-1)


def _by_member(values: Tensor, members: int) -> Tensor:
    """Values (B, T, M * X) as (B, M, T, X)."""
    return values.unflatten(-1, (members, -1)).transpose(1, 2)


def scores_of(raw: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Scores (B, T, C), background (B, T) and pooled logits (B, C + 1) of raw scores, all C + 1."""
    scores, background = raw[..., :-1], raw[..., -1]
    pooled = gated_average(scores, background, mask)
    logits = torch.cat([pooled, masked_mean(background, mask)[..., None]], dim=-1)  # Eq. 3
    return scores, background, logits


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
    """What is exported: features (B, T, D) to scores, background and probabilities.

    Scores and background are measured from the network's level, where it has been calibrated.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        level = network.level
        self.level = level if level is not None and level.calibrated else None

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores (B, T, C), background (B, T), probabilities (B, C + 1)."""
        output = self.network(features)
        shown = self.network.probabilities(output)
        if self.level is None:
            return output.scores, output.background, shown
        return *self.level(output), shown
