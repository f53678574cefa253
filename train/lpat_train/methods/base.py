"""What a method is made of, and what the networks compared with LPAT have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.network.base import Network


@dataclass(frozen=True)
class Method:
    """How a localizer is made and what trains it.

    Attributes:
        make_network: a new network for a config, a feature dimension and a number of classes;
            torch's random state decides its weights. All that it gives has a row for each video.
        losses: scalars by name, of the network's output on a batch: `total`, which is minimised,
            and its terms before weighting. They read the batch's mask, labels and counts.
        unread: fields of the output that the losses don't read under a config, so that processes
            which train together need not exchange them.
        learns_absence: whether the losses say something of a video without labels, in which nothing
            happens; such videos are left out of a training set where they don't.
    """

    make_network: Callable[[TrainingConfig, int, int], Network]
    losses: Callable[[Any, Batch, TrainingConfig], dict[str, Tensor]]
    unread: Callable[[TrainingConfig], tuple[str, ...]] = lambda _: ()
    learns_absence: bool = False


class Peer(Network):
    """A network whose hidden layer is as the config says; its width is `hidden`."""

    def __init__(self, config: TrainingConfig, dimension: int) -> None:
        super().__init__(
            dimension,
            hidden=config.hidden or dimension,
            dropout=config.dropout,
            temporal_convolution=config.temporal_convolution,
            windows=config.windows[:1],
        )
        self.hidden = self.transform.units
