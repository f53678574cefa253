"""Where "above" begins: the level of a false-alarm rate, and how it is moved without training.

In a calibrated model a margin s - b above 0 means the same in every class: of the snippets of training
videos that don't show it, a share of `false_alarms` lies there. The margins at which other shares
begin come with the model. Axes: R rate, C class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lpat.errors import ModelError, UsageError
from lpat.types import Float32Array, Float64Array, Scores

RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
"""False-alarm rates whose margins a model knows; between them they are interpolated."""

_FARTHEST = 1e6
"""Deviations: what a table in a file says beyond these is broken."""


@dataclass(frozen=True, eq=False)
class LevelTable:
    """Margins (R, C) above which a share `rates` (R,) of each class's null lies.

    At `false_alarms` they are 0. `pooled` are classes that every training video shows: they have
    no null of their own, and that of all others stands in.
    """

    false_alarms: float
    rates: tuple[float, ...]
    margins: Float64Array
    pooled: tuple[str, ...] = ()

    def shifts(self, rate: float) -> Float64Array:
        """Margins (C,) at which a rate begins, linear between the logarithms of the known ones.

        Raises:
            UsageError: it is beyond the lowest or the highest rate that is known.
        """
        lowest, highest = self.rates[0], self.rates[-1]
        if not lowest <= rate <= highest:
            raise UsageError(
                f"false alarms: expected a rate from {lowest:g} to {highest:g}, not {rate:g}"
            )
        places = np.log(self.rates)
        return np.array([np.interp(math.log(rate), places, its) for its in self.margins.T])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; margins to five digits."""
        rounded = [[float(f"{value:.5g}") for value in row] for row in self.margins.tolist()]
        return {
            "false_alarms": self.false_alarms,
            "rates": list(self.rates),
            "margins": rounded,
            "pooled": list(self.pooled),
        }


def table_from_json(value: Any, classes: tuple[str, ...]) -> LevelTable:
    """A table from what `to_json` gives, for so many classes.

    Raises:
        ModelError: a field is missing, or holds what no table does.
    """
    if not isinstance(value, Mapping):
        raise ModelError("broken metadata: expected an object level")
    rates, rows = value.get("rates"), value.get("margins")
    pooled = value.get("pooled", [])
    asked = value.get("false_alarms")
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
    if not (isinstance(pooled, list) and all(label in classes for label in pooled)):
        raise ModelError("broken metadata: level: pooled names no class of the model")
    return LevelTable(float(asked), tuple(map(float, rates)), margins, tuple(pooled))


def _are_rates(values: Any) -> bool:
    return (
        isinstance(values, list)
        and 0 < len(values) <= 100
        and all(type(value) in (int, float) and 0 < value < 1 for value in values)
        and all(before < after for before, after in zip(values, values[1:], strict=False))
    )


def _are_margins(row: Any, classes: int) -> bool:
    return (
        isinstance(row, list)
        and len(row) == classes
        and all(type(value) in (int, float) and abs(value) <= _FARTHEST for value in row)
    )


def moved(scores: Scores, shifts: Float64Array) -> Scores:
    """Scores whose margins are 0 where they were `shifts` (C,)."""
    values: Float32Array = (scores.scores - shifts).astype(np.float32)
    return replace(scores, scores=values)
