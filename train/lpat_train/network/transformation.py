"""The hidden layer of one network, or of several that see different stretches of time.

A convolution over the hidden layer gives context too, but blurs where an action begins and ends:
behind it, a snippet's own features can't be told from its neighbours'. So the mean of a snippet's
neighbours stands beside what the snippet itself shows.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import Windows


class Transformation(nn.Linear):
    """Features (B, T, D) to parts (B, T, (1 + windows) M H), of which `joined` makes hidden units.

    Each of M members sees the means over its own windows. A mean of products is the product of a
    mean, so neighbours are averaged in the few hidden units and not in the many features. The first
    part is of a snippet's own features, the others are of its neighbours' means. All lie in one
    matrix, in which the weights of what a member doesn't see are zero and stay so.
    """

    def __init__(self, dimension: int, hidden: int, windows: Sequence[Windows] = ((),)) -> None:
        self.windows = tuple(sorted({width for its in windows for width in its}))
        self.units = len(windows) * hidden
        super().__init__(dimension, (1 + len(self.windows)) * self.units)
        seen = torch.zeros(1 + len(self.windows), len(windows), hidden, 1)
        for member, its in enumerate(windows):
            parts = [0, *(1 + self.windows.index(width) for width in its)]
            # As if all parts' inputs were those of one layer, whose weights shrink by their number.
            seen[parts, member] = len(parts) ** -0.5
        seen = seen.flatten(0, 2)  # (outputs, 1)
        with torch.no_grad():
            self.weight.mul_(seen)
            self.bias.mul_(seen[:, 0])
        if not seen.all():
            there = (seen > 0).float()
            self.weight.register_hook(lambda gradient: gradient * there.to(gradient.device))
            self.bias.register_hook(lambda gradient: gradient * there[:, 0].to(gradient.device))

    def joined(self, parts: Tensor, mask: Tensor | None) -> Tensor:
        """Hidden units (B, T, M H), before the ReLU."""
        own, *others = parts.split(self.units, dim=-1)
        for window, other in zip(self.windows, others, strict=True):
            own = own + neighbour_mean(other, mask, window)
        return own


def neighbour_mean(values: Tensor, mask: Tensor | None, window: int) -> Tensor:
    """Mean (B, T, D) of the real snippets among the `window` around each of values (B, T, D)."""
    if mask is None:
        return _pooled(values, window, padding_counts=False)
    real = mask[..., None].to(values.dtype)
    shares = _pooled(real, window, padding_counts=True)  # of the window
    return _pooled(values * real, window, padding_counts=True) / shares.clamp(min=1 / window) * real


def _pooled(values: Tensor, window: int, *, padding_counts: bool) -> Tensor:
    pooled = functional.avg_pool1d(
        values.transpose(1, 2), window, 1, window // 2, count_include_pad=padding_counts
    )
    return pooled.transpose(1, 2)
