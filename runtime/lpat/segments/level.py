"""Where "above" begins: the level of a false-alarm rate, and how it is moved without training.

In a calibrated model a margin s - b above 0 means the same in every class: of the snippets of
training videos that don't show it, a share of `false_alarms` lies there. The margins at which other
shares begin come with the model.

A whole video's margins may be higher or lower than those of training videos: another light, another
person. The classes that it doesn't seem to show tell by how much, and the level follows in part.
Axes: T snippet, R rate, C class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from lpat.errors import ModelError, UsageError
from lpat.segments.detect import select_classes
from lpat.types import Float64Array, Int64Array, Scores

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
"""False-alarm rates whose margins a model knows; between them they are interpolated."""

UPPER = 0.9
"""Share of the margins of unselected classes that lie below the one which tells of a shift."""

DOUBT = 30
"""Margins of unselected classes of which half is believed."""

_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("rates", "margins", "false_alarms")),
    "pooled": [],
    "usual": 0.0,
    "follow": 0.0,
}
"""What a table holds that says nothing."""

_FARTHEST = 1e6
"""Deviations: what a table in a file says beyond these is broken."""


@dataclass(frozen=True, eq=False)
class LevelTable:
    """Margins (R, C) above which a share `rates` (R,) of each class's null lies.

    At `false_alarms` they are 0. `pooled` are classes that every training video shows: they have
    no null of their own, and that of all others stands in. `usual` is the median over the training
    videos of their `upper_margin`, and `follow` the share of a video's difference from it by which
    its level moves.
    """

    false_alarms: float
    rates: tuple[float, ...]
    margins: Float64Array
    pooled: tuple[str, ...] = ()
    usual: float = 0.0
    follow: float = 0.0

    def following(self, margins: Float64Array, selected: Int64Array) -> float:
        """By how much a video's level is to move, from its margins (T, C) and selected classes.

        The fewer margins of other classes there are, the less; 0 without any.
        """
        count = len(margins) * (margins.shape[1] - len(selected))
        if not (count and self.follow):
            return 0.0
        shift = upper_margin(margins, selected) - self.usual
        return self.follow * shift * count / (count + DOUBT)

    def shifts(self, rate: float | Float64Array) -> Float64Array:
        """Margins (C,) at which a rate, or each class's own (C,), begins.

        They are linear between the logarithms of the known rates.

        Raises:
            UsageError: it is beyond the lowest or the highest rate that is known.
        """
        lowest, highest = self.rates[0], self.rates[-1]
        count = self.margins.shape[1]
        wanted = np.broadcast_to(np.asarray(rate, np.float64), (count,))
        if (unknown := ~((wanted >= lowest) & (wanted <= highest))).any():
            raise UsageError(
                f"false alarms: expected a rate from {lowest:g} to {highest:g}, "
                f"not {wanted[unknown][0]:g}"
            )
        rows = dict(zip(self.rates, self.margins, strict=True))
        rows[self.false_alarms] = np.zeros(count)
        known = sorted(rows)
        margins = np.stack([rows[its] for its in known], axis=1)  # (C, R)
        return np.array(
            [
                np.interp(math.log(its), np.log(known), row)
                for its, row in zip(wanted, margins, strict=True)
            ]
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; margins to five digits."""
        rounded = [[float(f"{value:.5g}") for value in row] for row in self.margins.tolist()]
        return {
            "false_alarms": self.false_alarms,
            "rates": list(self.rates),
            "margins": rounded,
            "pooled": list(self.pooled),
            "usual": float(f"{self.usual:.5g}"),
            "follow": self.follow,
        }


def upper_margin(margins: Float64Array, selected: Int64Array) -> float:
    """The margin below which a share `UPPER` of those (T, C) of classes that aren't selected lie.

    There must be such a class.
    """
    return float(np.quantile(np.delete(margins, selected, axis=1), UPPER))


def table_from_json(value: Any, classes: tuple[str, ...]) -> LevelTable:
    """A table from what `to_json` gives, for so many classes.

    Raises:
        ModelError: a field is missing, or holds what no table does.
    """
    if not isinstance(value, Mapping):
        raise ModelError("broken metadata: expected an object level")
    fields: dict[str, Any] = {**_NOTHING, **value}
    rates, rows, pooled = fields["rates"], fields["margins"], fields["pooled"]
    asked, usual, follow = fields["false_alarms"], fields["usual"], fields["follow"]
    if not (_are_rates(rates) and _are_rates([asked]) and rates[0] <= asked <= rates[-1]):
        raise ModelError("broken metadata: level: expected rates from 0 to 1, ascending")
    if not (
        isinstance(rows, list)
        and len(rows) == len(rates)
        and all(_are_margins(row, len(classes)) for row in rows)
    ):
        raise ModelError(
            f"broken metadata: level: expected {len(rates)} rows of {len(classes)} margins"
        )
    margins = np.array(rows, np.float64)
    if (np.diff(margins, axis=0) > 0).any():
        raise ModelError("broken metadata: level: a higher rate begins at a higher margin")
    known = set(classes)
    if not (
        isinstance(pooled, list)
        and len(pooled) <= len(classes)
        and all(isinstance(label, str) and label in known for label in pooled)
    ):
        raise ModelError("broken metadata: level: pooled names no class of the model")
    if not (_are_margins([usual], 1) and _are_margins([follow], 1) and 0 <= follow <= 1):
        raise ModelError("broken metadata: level: expected a usual margin and a follow from 0 to 1")
    return LevelTable(
        float(asked), tuple(map(float, rates)), margins, tuple(pooled), float(usual), float(follow)
    )


def _are_rates(values: Any) -> bool:
    return (
        isinstance(values, list)
        and 0 < len(values) <= 100
        and all(type(value) in (int, float) and 0 < value < 1 for value in values)
        and all(before < after for before, after in pairwise(values))
    )


def _are_margins(row: Any, classes: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == classes
        and all(type(value) in (int, float) and abs(value) <= _FARTHEST for value in row)
    )


def leveled(scores: Scores, table: LevelTable, rate: float | Float64Array | None = None) -> Scores:
    """Scores as detection takes them: the background follows the video, margins are 0 at a rate.

    It is one of all classes or each one's own (C,). Without a rate it is the model's own.

    Raises:
        UsageError: the rate is beyond the lowest or the highest that is known.
    """
    margins = scores.scores.astype(np.float64) - scores.background[:, None]
    shift = table.following(margins, select_classes(scores.probabilities))
    return shifted(scores, table, rate, shift)


def shifted(
    scores: Scores, table: LevelTable, rate: float | Float64Array | None, shift: float
) -> Scores:
    """`leveled`, but that the background moves by what is known to be the video's shift."""
    values = scores.scores if rate is None else scores.scores - table.shifts(rate)
    background = scores.background + shift
    return replace(
        scores, scores=values.astype(np.float32), background=background.astype(np.float32)
    )
