"""Where "above" begins: the level of a false-alarm rate, set by what labels know for sure.

Labels don't say when a video shows a class, but every snippet of every video that does *not* show
it is a known background. The margins s - b of those snippets are its null distribution; the level
lies where a chosen share of them, the false-alarm rate, is above. So it means the same in every
class and model. Axes: M member, N snippet, C class, R rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lpat.model.model import windows
from lpat.segments.detect import select_classes
from lpat.segments.level import RATES, upper_margin
from lpat.types import BoolArray, Float32Array, Float64Array, Int64Array
from lpat_train.data.dataset import TrainingVideo
from lpat_train.methods.lpat import MembersOutput
from lpat_train.network.base import Network
from lpat_train.network.level import Level

MOST_MARGINS = 20_000_000
"""Margins, of each member and class, that the null is measured on at most; of longer videos,
snippets at equal distances are taken."""


@dataclass(frozen=True, eq=False)
class Null:
    """Margins (N, C) of snippets, and where they are of a video that doesn't show the class."""

    margins: Float32Array
    absent: BoolArray

    def of_class(self, number: int) -> Float32Array:
        """A class's null; of a class that every video shows, all others' together."""
        own = self.margins[self.absent[:, number], number]
        return own if len(own) else self.margins[self.absent]

    def quantiles(self, rates: Sequence[float]) -> Float64Array:
        """Margins (R, C) above which such shares of each class's null lie."""
        places = 1 - np.asarray(rates)
        columns = [np.quantile(self.of_class(c), places) for c in range(self.margins.shape[1])]
        return np.stack(columns, axis=1).astype(np.float64)

    @property
    def deviation(self) -> float:
        """Mean standard deviation of the classes' nulls, around each one's own mean."""
        deviations = [self.of_class(c).std() for c in range(self.margins.shape[1])]
        return max(float(np.mean(deviations)), 1e-6)


def calibrate(network: Network, videos: Sequence[TrainingVideo]) -> None:
    """Set a network's level by the null of each class; the network keeps its mode.

    Where every video shows every class there is no null, and the level stays as it was learned.
    """
    level = network.level
    if level is None or not level.false_alarms:
        return
    snippets = sum(len(video.values) for video in videos)
    step = -(-snippets * level.member_shifts.numel() // MOST_MARGINS)
    margins, selected = _looked_at(network, videos, step)
    lengths = [len(range(0, len(video.values), step)) for video in videos]
    absent = np.repeat([video.labels.numpy() == 0 for video in videos], lengths, axis=0)
    if not absent.any():
        return
    if len(margins) > 1:
        margins = np.stack(
            [_by_its_own_null(level, m, its, absent) for m, its in enumerate(margins)]
        )
    learned = margins.mean(axis=0)
    null = Null(learned, absent)
    shifts, deviation = null.quantiles([level.false_alarms])[0], null.deviation
    level.shifts.copy_(torch.from_numpy(shifts))
    level.deviation.fill_(deviation)
    level.table.copy_(torch.from_numpy((null.quantiles(RATES) - shifts) / deviation))
    level.pooled.copy_(torch.from_numpy(~absent.any(axis=0)))
    exported = np.split((learned - shifts) / deviation, np.cumsum(lengths)[:-1])
    level.usual.fill_(_usual_margin(exported, selected))


def _by_its_own_null(
    level: Level, member: int, margins: Float32Array, absent: BoolArray
) -> Float32Array:
    """A member's margins (N, C), measured from its level and by its deviation, which are set."""
    null = Null(margins, absent)
    shifts, deviation = null.quantiles([level.false_alarms])[0], null.deviation
    level.member_shifts[member] = torch.from_numpy(shifts)
    level.member_deviations[member] = deviation
    return ((margins - shifts) / deviation).astype(np.float32)


def _usual_margin(margins: Sequence[Float64Array], selected: Sequence[Int64Array]) -> float:
    """The median over videos of the upper margin of what each doesn't seem to show; 0 of none."""
    found = [
        upper_margin(its, shown)
        for its, shown in zip(margins, selected, strict=True)
        if len(shown) < its.shape[1]
    ]
    return float(np.median(found)) if found else 0.0


def _looked_at(
    network: Network, videos: Sequence[TrainingVideo], step: int
) -> tuple[Float32Array, list[Int64Array]]:
    """Margins (M, N, C) of every `step`th snippet, by each member, and each video's classes.

    These are those that detection selects: as there, the highest probability of a long video's
    windows counts.
    """
    device, training = network.mean.device, network.training
    network.eval()
    parts, selected = [], []
    with torch.no_grad():
        for video in videos:
            shown = []
            for window in windows(len(video.values)):
                output: Any = network(video.values[window.first : window.last].to(device)[None])
                margins = _margins_of(output)[:, window.kept]
                parts.append(margins[:, -window.start % step :: step].cpu().numpy())
                shown.append(network.probabilities(output)[0].cpu().numpy())
            selected.append(select_classes(np.max(shown, axis=0)))
    network.train(training)
    return np.concatenate(parts, axis=1), selected


def _margins_of(output: Any) -> Tensor:
    """Margins (M, T, C) of one video's output, by each member."""
    its = output.each if isinstance(output, MembersOutput) else output
    return its.scores - its.background[..., None]
