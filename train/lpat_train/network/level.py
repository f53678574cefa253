"""The level that exported scores are measured from, as a part of the network.

`lpat_train.training.calibration` sets it. Axes: B video, M member, T snippet, C class, R rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lpat.segments.level import RATES, LevelTable


class Level(nn.Module):
    """Margins as they are exported: 0 at the level, 1 a deviation of the null above it.

    Each member's margins are measured by its own null, then their mean by its. At the level a share
    `false_alarms` of the null lies above; `follow` as `LevelTable` has it.
    """

    member_shifts: Tensor  # (M, C)
    member_deviations: Tensor  # (M,)
    shifts: Tensor  # (C,)
    deviation: Tensor  # ()
    table: Tensor  # (R, C), exported margins at which other rates begin
    pooled: Tensor  # (C,) bool, classes that every video shows
    usual: Tensor  # (), upper margin of classes that a training video doesn't seem to show

    def __init__(
        self, classes: int, *, members: int = 1, false_alarms: float = 0.03, follow: float = 0.5
    ) -> None:
        super().__init__()
        self.false_alarms, self.follow = false_alarms, follow
        self.register_buffer("member_shifts", torch.zeros(members, classes))
        self.register_buffer("member_deviations", torch.ones(members))
        self.register_buffer("shifts", torch.zeros(classes))
        self.register_buffer("deviation", torch.tensor(0.0))  # 0: uncalibrated
        self.register_buffer("table", torch.zeros(len(RATES), classes))
        self.register_buffer("pooled", torch.zeros(classes, dtype=torch.bool))
        self.register_buffer("usual", torch.tensor(0.0))

    @property
    def calibrated(self) -> bool:
        """Whether it was ever set."""
        return bool(self.deviation > 0)

    def forward(self, output: Any) -> tuple[Tensor, Tensor]:
        """Scores (B, T, C) and background (B, T) to export, of a network's output.

        It must have been calibrated.
        """
        scores, background = self._of_members(output)
        return (scores - self.shifts) / self.deviation, background / self.deviation

    def _of_members(self, output: Any) -> tuple[Tensor, Tensor]:
        if len(self.member_deviations) == 1:
            return output.scores, output.background
        scores = output.each_scores - self.member_shifts[:, None, :]
        scores = scores / self.member_deviations[:, None, None]
        background = output.each_background / self.member_deviations[:, None]
        return scores.mean(dim=1), background.mean(dim=1)

    def table_of(self, classes: tuple[str, ...]) -> LevelTable | None:
        """The table that goes with an exported model; None of an uncalibrated one."""
        if not self.calibrated:
            return None
        pooled = tuple(label for label, its in zip(classes, self.pooled, strict=True) if its)
        margins = np.minimum.accumulate(self.table.double().cpu().numpy(), axis=0)
        usual = self.usual.item()
        return LevelTable(self.false_alarms, RATES, margins, pooled, usual, self.follow)
