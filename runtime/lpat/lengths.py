"""Bins of instance length, from XS to XL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lpat.errors import UsageError
from lpat.types import Float64Array, Int64Array

NAMES = ("XS", "S", "M", "L", "XL")


@dataclass(frozen=True, eq=False)
class LengthBins:
    """Five bins; each holds the lengths above the bound below it, up to its own.

    Raises:
        UsageError: the bounds aren't four finite, positive lengths in ascending order.
    """

    bounds: Float64Array  # (4,) seconds

    def __post_init__(self) -> None:
        bounds = self.bounds
        expected = bounds.shape == (len(NAMES) - 1,) and np.isfinite(bounds).all()
        if not (expected and (bounds >= 0).all() and (np.diff(bounds) >= 0).all()):
            raise UsageError(
                f"length bounds must be four ascending lengths in seconds, not {bounds.tolist()}"
            )

    def of(self, lengths: Float64Array) -> Int64Array:
        """The bin (N,) of each length."""
        return np.searchsorted(self.bounds, lengths, side="left")

    @property
    def intervals(self) -> tuple[str, ...]:
        """Each bin's lengths in words, such as "2.1-4.5 s"."""
        words = [f"{bound:.3g}" for bound in self.bounds]
        between = [f"{low}\N{EN DASH}{high} s" for low, high in pairwise(words)]
        return (f"up to {words[0]} s", *between, f"over {words[-1]} s")


def fifths(lengths: Float64Array) -> LengthBins:
    """Bins that each hold a fifth of the lengths (at least one), as nearly as equal ones allow."""
    return LengthBins(np.quantile(lengths, [0.2, 0.4, 0.6, 0.8]))


def length_bins(bounds: Sequence[float] | None, lengths: Float64Array) -> LengthBins:
    """Bins with the `bounds` given, or else fifths of the lengths."""
    return fifths(lengths) if bounds is None else LengthBins(np.array(bounds, np.float64))
