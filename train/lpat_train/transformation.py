"""The feature transformation of one network, or of several that see different stretches of time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from lpat_train.context import Windows


class Transformation(nn.Linear):
    """Features beside their neighbours' means (B, T, D (1 + windows)) to units (B, T, M H).

    Each of M members sees the means over its own windows. All lie in one matrix, in which the
    weights of what a member doesn't see are zero and stay so.
    """

    def __init__(self, dimension: int, hidden: int, windows: Sequence[Windows] = ((),)) -> None:
        self.windows = tuple(sorted({width for its in windows for width in its}))
        super().__init__(dimension * (1 + len(self.windows)), hidden * len(windows))
        seen = torch.zeros(len(windows), hidden, 1 + len(self.windows), dimension)
        for member, its in enumerate(windows):
            columns = [0, *(1 + self.windows.index(width) for width in its)]
            seen[member, :, columns] = 1
        seen = seen.flatten(2).flatten(0, 1)
        if not seen.all():
            with torch.no_grad():
                # As wide as that of a layer which has no other inputs than the member sees.
                self.weight *= seen * (seen.shape[1] / seen.sum(dim=1, keepdim=True)).sqrt()
            self.weight.register_hook(lambda gradient: gradient * seen.to(gradient.device))
