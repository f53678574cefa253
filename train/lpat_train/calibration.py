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

from lpat.level import RATES, upper_margin
from lpat.segments import select_classes
from lpat.types import BoolArray, Float32Array, Float64Array
from lpat.windows import WINDOW, windows
from lpat_train.dataset import TrainingVideo
from lpat_train.level import Level
from lpat_train.model import Localizer, MembersOutput
from lpat_train.network import Network

MOST_MARGINS = 20_000_000
"""Margins, of each member and class, that the null is measured on; of more snippets, every so
manieth."""


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
    margins = _margins(network, videos, step)  # (M, N, C)
    lengths = [len(range(0, len(video.values), step)) for video in videos]
    absent = np.repeat([video.labels.numpy() == 0 for video in videos], lengths, axis=0)
    if not absent.any():
        return
    if len(margins) > 1:
        margins = np.stack(
            [_by_its_own_null(level, m, its, absent) for m, its in enumerate(margins)]
        )
    null = Null(margins.mean(axis=0), absent)
    shifts, deviation = null.quantiles([level.false_alarms])[0], null.deviation
    level.shifts.copy_(torch.from_numpy(shifts))
    level.deviation.fill_(deviation)
    level.table.copy_(torch.from_numpy((null.quantiles(RATES) - shifts) / deviation))
    level.pooled.copy_(torch.from_numpy(~absent.any(axis=0)))
    level.usual.fill_(_usual_margin(network, videos))


def _by_its_own_null(
    level: Level, member: int, margins: Float32Array, absent: BoolArray
) -> Float32Array:
    """A member's margins (N, C), measured from its level and by its deviation, which are set."""
    null = Null(margins, absent)
    shifts, deviation = null.quantiles([level.false_alarms])[0], null.deviation
    level.member_shifts[member] = torch.from_numpy(shifts)
    level.member_deviations[member] = deviation
    return ((margins - shifts) / deviation).astype(np.float32)


def _usual_margin(network: Network, videos: Sequence[TrainingVideo]) -> float:
    """The median over videos of the upper margin of what each doesn't seem to show; 0 of none."""
    localizer, device, training = Localizer(network), network.mean.device, network.training
    localizer.eval()
    found = []
    with torch.no_grad():
        for video in videos:
            rows = video.values[:WINDOW].to(device)  # the beginning of a very long one will do
            scores, background, shown = (part[0].cpu().numpy() for part in localizer(rows[None]))
            selected = select_classes(shown)
            if len(selected) < scores.shape[1]:
                margins = scores.astype(np.float64) - background[:, None]
                found.append(upper_margin(margins, selected))
    network.train(training)
    return float(np.median(found)) if found else 0.0


def _margins(network: Network, videos: Sequence[TrainingVideo], step: int) -> Float32Array:
    """Margins (M, N, C) of every `step`th snippet of the videos, by each member."""
    device, training = network.mean.device, network.training
    network.eval()
    parts = []
    with torch.no_grad():
        for video in videos:
            for window in windows(len(video.values)):
                output: Any = network(video.values[window.first : window.last].to(device)[None])
                margins = _margins_of(output)[:, window.kept]
                parts.append(margins[:, -window.start % step :: step].cpu().numpy())
    network.train(training)
    return np.concatenate(parts, axis=1)


def _margins_of(output: Any) -> Tensor:
    """Margins (M, T, C) of one video's output, by each member."""
    its = output.each if isinstance(output, MembersOutput) else output
    return its.scores - its.background[..., None]
