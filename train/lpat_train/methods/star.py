"""STAR: class-wise assembled features, related by a recurrent network, seen by Grad-CAM (2019).

Xu, Zhang, Cheng, Xie, Niu, Pu and Wu, "Segregated Temporal Assembly Recurrent Networks for Weakly
Supervised Multiple Action Detection".
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
from lpat_train.network.pooling import masked_softmax


class Output(NamedTuple):
    """Snippets' fused Grad-CAM, and the video's logits."""

    scores: Tensor  # (B, T, C), shares in the class's peak, in [0, 1]
    background: Tensor  # (B, T), 1/2
    logits: Tensor  # (B, C)


class STAR(Peer):
    """Attention assembles a feature for each class; a recurrent network reads class after class.

    Classes have no order, so it reads them both ways (a bidirectional GRU).
    """

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        width = max(self.hidden // 4, 1)
        self.attention = nn.Linear(self.hidden, classes)
        self.recurrent = nn.GRU(self.hidden, width, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        if mask is not None:
            hidden = hidden * mask[..., None]
        attention = masked_softmax(self.attention(hidden), mask)  # (B, T, C)
        assembled = attention.transpose(1, 2) @ hidden  # (B, C, H)
        states, _ = self.recurrent(assembled)  # (B, C, 2R)
        logits = (states * self.classifier.weight).sum(dim=-1) + self.classifier.bias
        slopes = own_gradients(self.recurrent, assembled, states, self.classifier.weight)
        activation = torch.relu(hidden @ slopes.transpose(1, 2))  # (B, T, C), Grad-CAM
        lengths = features.shape[1] if mask is None else mask.sum(dim=1)[:, None, None]
        fair = attention * lengths  # 1 where attention is its mean
        fused = activation * fair / (1 + fair)
        shares = fused / fused.amax(dim=1, keepdim=True).clamp(min=1e-12)
        return Output(shares, torch.full_like(shares[..., 0], 0.5), logits)

    def probabilities(self, output: Output) -> Tensor:
        """The softmax over the classes."""
        return without_background(torch.softmax(output.logits, dim=-1))


def own_gradients(recurrent: nn.GRU, assembled: Tensor, states: Tensor, weights: Tensor) -> Tensor:
    """The gradient of each class's logit by that class's own assembled feature: (B, C, H).

    `states` (B, C, 2R) are what a bidirectional GRU makes of `assembled` (B, C, H), and the logit
    of class c is the sum of states[c] * weights[c]. What reaches step c from its neighbours on
    either side doesn't depend on assembled[c], so step c alone is to be differentiated, which is
    done by hand: an exported model can't. With the gates r and z, the new content n and the
    former state h of a step, whose state is (1 - z) n + z h, the slopes of w (1 - z) n + w z h are
    w (1 - z) (1 - n^2) at n's input, that times (the part of h in it) r (1 - r) at r's, and
    w (h - n) z (1 - z) at z's.
    """
    width = recurrent.hidden_size
    start = torch.zeros_like(states[:, :1, :width])
    former = (
        torch.cat([start, states[:, :-1, :width]], dim=1),
        torch.cat([states[:, 1:, width:], start], dim=1),
    )
    total = torch.zeros_like(assembled)
    halves = (weights[:, :width], weights[:, width:])
    for ending, before, weight in zip(("_l0", "_l0_reverse"), former, halves, strict=True):
        of_input = getattr(recurrent, f"weight_ih{ending}")  # (3R, H): of r, z, n
        reads = assembled @ of_input.T + getattr(recurrent, f"bias_ih{ending}")
        recalls = before @ getattr(recurrent, f"weight_hh{ending}").T
        recalls = recalls + getattr(recurrent, f"bias_hh{ending}")
        read_r, read_z, read_n = reads.chunk(3, dim=-1)
        recall_r, recall_z, recall_n = recalls.chunk(3, dim=-1)
        reset, update = torch.sigmoid(read_r + recall_r), torch.sigmoid(read_z + recall_z)
        content = torch.tanh(read_n + reset * recall_n)
        by_n = weight * (1 - update) * (1 - content.square())
        by_r = by_n * recall_n * reset * (1 - reset)
        by_z = weight * (before - content) * update * (1 - update)
        total = total + torch.cat([by_r, by_z, by_n], dim=-1) @ of_input
    return total


def losses(output: Output, batch: Batch, _: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the distribution over the actions."""
    loss = label_cross_entropy(torch.log_softmax(output.logits, dim=-1), batch.labels)
    return {"total": loss}


METHOD = Method(STAR, losses, lambda _: ("scores", "background"))
