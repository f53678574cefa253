"""Rows of values at many resolutions, so that drawing costs by the pixel and not by the snippet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.types import Float32Array


@dataclass(frozen=True, eq=False)
class Level:
    """Least and greatest values (C, blocks) of `step` snippets each; the last may have fewer."""

    step: int
    minima: Float32Array
    maxima: Float32Array


class Pyramid:
    """Levels of blocks of 1, 2, 4, ... snippets over `values` (C, T), T of which may be none.

    Blocks begin at the first snippet on every level, so what is drawn doesn't flicker as it moves.
    """

    def __init__(self, values: Float32Array) -> None:
        self.values = values
        self._levels = [Level(1, values, values)]

    def level(self, step: int) -> Level:
        """The finest level whose blocks have at least `step` snippets, or the coarsest."""
        while self._levels[-1].step < step and self._levels[-1].minima.shape[1] > 1:
            self._levels.append(_halved(self._levels[-1]))
        return next((level for level in self._levels if level.step >= step), self._levels[-1])


def _halved(level: Level) -> Level:
    odd = level.minima.shape[1] % 2
    pairs = level.minima.shape[1] - odd
    minima, maxima = (
        np.concatenate([half(values[:, :pairs:2], values[:, 1:pairs:2]), values[:, pairs:]], axis=1)
        for half, values in ((np.minimum, level.minima), (np.maximum, level.maxima))
    )
    return Level(2 * level.step, minima, maxima)
