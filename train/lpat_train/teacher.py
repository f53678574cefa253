"""The teacher of self-training: the network's own weights, averaged over the steps.

A mean teacher (Tarvainen and Valpola, 2017): what it finds changes slowly and without dropout's
noise, so that a network which follows it doesn't run after its own last step.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from lpat_train.network import Network

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
