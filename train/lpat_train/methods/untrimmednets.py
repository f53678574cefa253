"""UntrimmedNets: classes of snippets, and attention that selects the snippets (2017).

Wang, Xiong, Lin and Van Gool; their soft selection.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.methods.losses import label_cross_entropy
from lpat_train.network.base import without_background


class Output(NamedTuple):
    """Snippets' shares in their class's peak, and the video's class probabilities."""

    scores: Tensor  # (B, T, C), log of a snippet's attention * probability over their maximum
    background: Tensor  # (B, T), log 1/2: s > b where the product passes half its maximum
    log_probabilities: Tensor  # (B, C)


class UntrimmedNet(Peer):
    """A softmax over classes for each snippet, and one over snippets that weighs them."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.classifier = nn.Linear(self.hidden, classes)
        self.attention = nn.Linear(self.hidden, 1)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        hidden = self.transformed(self.standardised(features), mask)
        attention = self.attention(hidden)[..., 0]  # (B, T)
        if mask is not None:
            attention = attention.masked_fill(~mask, float("-inf"))
        log_product = torch.log_softmax(attention, dim=1)[..., None] + torch.log_softmax(
            self.classifier(hidden), dim=-1
        )  # (B, T, C)
        scores = log_product - log_product.amax(dim=1, keepdim=True)
        background = torch.full_like(attention, math.log(0.5))
        return Output(scores, background, torch.logsumexp(log_product, dim=1))

    def probabilities(self, output: Output) -> Tensor:
        """The mean of the snippets' softmaxes, as attention weighs them."""
        return without_background(output.log_probabilities.exp())


def losses(output: Output, batch: Batch, _: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the video's class probabilities."""
    return {"total": label_cross_entropy(output.log_probabilities, batch.labels)}


METHOD = Method(UntrimmedNet, losses)
