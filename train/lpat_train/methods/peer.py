"""What the networks that LPAT is compared with have in common."""

from __future__ import annotations

from lpat_train.config import TrainingConfig
from lpat_train.context import windows_of
from lpat_train.network import Network


class Peer(Network):
    """A network whose hidden layer is as the config says; its width is `hidden`."""

    def __init__(self, config: TrainingConfig, dimension: int) -> None:
        super().__init__(
            dimension,
            hidden=config.hidden or dimension,
            dropout=config.dropout,
            temporal_convolution=config.temporal_convolution,
            windows=windows_of(config.context, config.members)[:1],
        )
        self.hidden = self.transform.units
