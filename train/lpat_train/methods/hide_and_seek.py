"""Hide-and-Seek: parts of the video are hidden, so that all of the action counts (2017).

Singh and Lee. In training alone, random chunks of the features give way to the training mean.
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
    """Snippets' class scores, and their mean."""

    scores: Tensor  # (B, T, C), the class activation sequence
    background: Tensor  # (B, T), zeros
    logits: Tensor  # (B, C)


class HideAndSeek(Peer):
    """A linear classifier on the hidden layer, averaged over time."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.share, self.chunks = config.hide, config.chunks
        self.classifier = nn.Linear(self.hidden, classes)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        standardised = self.standardised(features)
        if self.training:
            lengths = torch.full(features.shape[:1], features.shape[1], device=features.device)
            if mask is not None:
                lengths = mask.sum(dim=1)
            drawn = self.random_rows(
                lambda rows: torch.rand(rows, self.chunks, device=features.device) >= self.share,
                len(features),
            )
            # The training mean is zero once standardised.
            standardised = standardised * seen(drawn, lengths, features.shape[1])[..., None]
        scores = self.classifier(self.transformed(standardised, mask))
        return Output(scores, torch.zeros_like(scores[..., 0]), masked_mean(scores, mask))

    def probabilities(self, output: Output) -> Tensor:
        """A sigmoid for each class."""
        return without_background(torch.sigmoid(output.logits))


def seen(drawn: Tensor, lengths: Tensor, snippets: int) -> Tensor:
    """Which snippets (B, T) lie in a chunk that was `drawn` (B, K), of K that part each video.

    Chunks are as equal as whole snippets allow; of a video shorter than K some have none.
    """
    times = torch.arange(snippets, device=lengths.device)
    chunk = times[None, :] * drawn.shape[1] // lengths[:, None]
    return drawn.gather(1, chunk.clamp(max=drawn.shape[1] - 1))


def losses(output: Output, batch: Batch, _: TrainingConfig) -> dict[str, Tensor]:
    """Multi-label cross entropy of the mean scores."""
    loss = functional.binary_cross_entropy_with_logits(output.logits, batch.labels)
    return {"total": loss}


METHOD = Method(HideAndSeek, losses, learns_absence=True)
