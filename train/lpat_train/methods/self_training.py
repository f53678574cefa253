"""Learning from one's own segments: what the network finds without dropout, it is taught.

The teacher is the network's own weights, averaged over the steps (a mean teacher, Tarvainen and
Valpola, 2017): what it finds changes slowly and without dropout's noise, so that a network which
follows it doesn't run after its own last step.

Axes: B video, T snippet, C class. The margin is s - b; the gate is open where it is above 0.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.methods.losses import labelled_mean
from lpat_train.network.base import Network

DECAY = 0.99
"""Share of the teacher's weights that stay at each step."""


class Teacher(nn.Module):
    """A network like another one, which is kept with it in checkpoints and never exported."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def follow(self, network: Network, *, anew: bool) -> None:
        """Take a hundredth of the network's weights, or at first (`anew`) all of them."""
        newest = network.state_dict()
        for name, value in self.network.state_dict().items():
            value.lerp_(newest[name], 1.0 if anew else 1 - DECAY)

    @torch.no_grad()
    def margins(self, features: Tensor, mask: Tensor) -> Tensor:
        """Scores less background (B, T, C) of padded videos, without dropout."""
        output: Any = self.network.eval()(features, mask)
        return output.scores - output.background[..., None]


def self_training_loss(
    scores: Tensor, background: Tensor, teacher: Tensor, labels: Tensor, mask: Tensor
) -> Tensor:
    """Cross entropy of the labelled classes' gates to what a teacher finds, margins (B, T, C).

    The teacher finds a class where its margin is above `two_means_threshold` of all margins of
    labelled classes in the batch, which need not be 0: this moves the threshold to where the
    margins part. The mean over a video's labelled classes and snippets, then over the videos that
    have a label; 0 where none has.
    """
    labelled = labels[:, None, :] * mask[..., None]
    found = (teacher > two_means_threshold(teacher[labelled > 0])).to(scores.dtype)
    entropy = functional.binary_cross_entropy_with_logits(
        scores - background[..., None], found, reduction="none"
    )
    per_video = (entropy * labelled).sum(dim=(1, 2)) / labelled.sum(dim=(1, 2)).clamp(min=1)
    return labelled_mean(per_video, labels)


def two_means_threshold(values: Tensor) -> Tensor:
    """The threshold that parts values (N,) into two groups of least variance within; a scalar.

    Otsu (1979), without a histogram: the middle between the two sorted values where the variance
    between both sides is largest. Of a single value, or of equal ones, that value; of none, 0.
    """
    if len(values) == 0:
        return values.new_zeros(())
    ordered = values.double().sort().values
    below = torch.arange(1, len(ordered), device=values.device, dtype=torch.float64)
    above = len(ordered) - below
    sums = ordered.cumsum(dim=0)
    if len(below) == 0:
        return ordered[0].to(values.dtype)
    between = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above).square()
    first = between.argmax()
    return ((ordered[first] + ordered[first + 1]) / 2).to(values.dtype)
