"""AutoLoc: boundaries that part high from low activations just outside (2018).

Shou, Gao, Zhang, Miyazawa and Chang, "AutoLoc: Weakly-Supervised Temporal Action Localization in
Untrimmed Videos".
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import TrainingConfig
from lpat_train.dataset import Batch
from lpat_train.losses import label_cross_entropy
from lpat_train.methods.boxes import ANCHORS, LOWEST, Boxes, boxes_of, contrast, painted
from lpat_train.methods.method import Method
from lpat_train.methods.peer import Peer
from lpat_train.network import without_background
from lpat_train.pooling import top_k_mean

WIDTH = 128
"""Of the boundary predictor's layers (as in the published code)."""
LEAST_ACTIVATION = 0.1
"""A snippet below this proposes no box in training (as in the published code)."""
LEAST_CONTRAST = 0.3
"""A box below this is none (the paper's, from memory)."""


class Output(NamedTuple):
    """The best boxes over snippets, the video's classes, and what trains the boundaries."""

    scores: Tensor  # (B, T, C), largest contrast of a box over the snippet, -1 to 1; see `forward`
    background: Tensor  # (B, T), the least contrast of a box
    logits: Tensor  # (B, C)
    activations: Tensor  # (B, T, C), the class activation sequence, in [0, 1], detached
    boxes: Boxes  # (B, T, M), those of each snippet, whatever the class


class AutoLoc(Peer):
    """A linear classifier on the hidden layer, pooled as W-TALC does, and a predictor of boxes."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.classifier = nn.Linear(self.hidden, classes)
        self.share = config.top_k_share
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, WIDTH, kernel_size=3, padding=1)
            for inputs in (dimension, WIDTH, WIDTH)
        )
        self.boundaries = nn.Linear(WIDTH, 2 * len(ANCHORS))
        nn.init.normal_(self.boundaries.weight, std=0.01)
        nn.init.zeros_(self.boundaries.bias)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        if mask is None:
            mask = torch.ones_like(features[..., 0], dtype=torch.bool)
        standardised = self.standardised(features)
        hidden = self.transformed(standardised, mask)
        sequence = self.classifier(hidden)  # (B, T, C)
        lengths = mask.sum(dim=1)
        activations = between_extremes(sequence.detach(), mask)
        boxes = boxes_of(self.offsets(standardised, mask), lengths)
        scores = activations  # in training, which doesn't look at scores, they'd take half the time
        if not self.training:
            contrasts = contrast(activations, boxes, lengths)
            contrasts = torch.where(mask[..., None, None], contrasts, LOWEST)
            scores = painted(contrasts, boxes, LEAST_CONTRAST)
        background = torch.full_like(scores[..., 0], LEAST_CONTRAST)
        logits = top_k_mean(sequence, mask, self.share)
        return Output(scores, background, logits, activations, boxes)

    def offsets(self, standardised: Tensor, mask: Tensor) -> Tensor:
        """Shift and stretch (B, T, 2 M) of each anchor at each snippet."""
        values = standardised
        for convolution in self.convolutions:
            # What lies past a video's end must look like the zero padding.
            values = convolution((values * mask[..., None]).transpose(1, 2)).transpose(1, 2)
            values = functional.leaky_relu(values, 0.1)
        return self.boundaries(values)

    def probabilities(self, output: Output) -> Tensor:
        """The softmax over the classes."""
        return without_background(torch.softmax(output.logits, dim=-1))


def between_extremes(sequence: Tensor, mask: Tensor) -> Tensor:
    """Each class's scores (B, T, C), from 0 at the video's lowest to 1 at its highest.

    Padding gets 0, and so do scores that are all alike; a range below 0.01 counts as that.
    """
    real = mask[..., None]
    lowest = sequence.masked_fill(~real, float("inf")).amin(dim=1, keepdim=True)
    highest = sequence.masked_fill(~real, float("-inf")).amax(dim=1, keepdim=True)
    return (sequence - lowest) / (highest - lowest).clamp(min=0.01) * real


def losses(output: Output, batch: Batch, _: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the pooled scores, and the loss of the labels' boxes.

    They share no weight: activations are detached, and the boundary predictor has its own layers.
    """
    classification = label_cross_entropy(torch.log_softmax(output.logits, dim=-1), batch.labels)
    boundary = oic_loss(output.activations, output.boxes, batch.labels, batch.mask)
    total = classification + boundary
    return {"total": total, "classification": classification, "boundary": boundary}


def oic_loss(activations: Tensor, boxes: Boxes, labels: Tensor, mask: Tensor) -> Tensor:
    """Mean of outer minus inner activation, over the labels' best boxes; 0 where there is none.

    At each snippet of activation above 0.1 the box of largest contrast counts, if above 0.3.
    """
    most = int(labels.sum(dim=1).max())
    labelled, classes = labels.topk(most, dim=1)  # (B, L): only these classes' boxes count
    activations = activations.gather(2, classes[:, None, :].expand(-1, activations.shape[1], -1))
    best = contrast(activations, boxes, mask.sum(dim=1)).amax(dim=2)  # (B, T, L)
    chosen = (activations > LEAST_ACTIVATION) & (best > LEAST_CONTRAST)
    chosen = chosen & (labelled > 0)[:, None, :] & mask[..., None]
    return -(best * chosen).sum() / chosen.sum().clamp(min=1)


METHOD = Method(AutoLoc, losses, lambda _: ("scores", "background"))
