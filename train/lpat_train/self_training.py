"""Learning from one's own segments: what the network finds without dropout, it is taught.

Axes as in `model`. The margin is s - b; the gate is open where it is above 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lpat_train.losses import labelled_mean


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
