"""How much of a figure is due to the order of detections of equal score in the file.

docs/evaluation.md says what the range is. Axes: C class, K threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lpat.core import mean_over_classes
from lpat.evaluation.matching import EventTable, Matching
from lpat.types import Float64Array


@dataclass(frozen=True, eq=False)
class TiedOrders:
    """Between what the figures lie, whatever the order of equal scores."""

    detections: int  # those that share their score with another one of their class
    lowest: Float64Array  # (C, K), NaN for classes that the protocol leaves out
    highest: Float64Array  # (C, K), the same

    @property
    def lowest_mean(self) -> Float64Array:
        """Mean (K,) of the lowest average precisions over the classes."""
        return mean_over_classes(self.lowest)

    @property
    def highest_mean(self) -> Float64Array:
        """Mean (K,) of the highest average precisions over the classes."""
        return mean_over_classes(self.highest)

    def describe(self) -> str | None:
        """One line on what ties leave open; None where that is nothing."""
        low, high = float(self.lowest_mean.mean()), float(self.highest_mean.mean())
        if f"{100 * low:.2f}" == f"{100 * high:.2f}":
            return None
        return (
            f"{self.detections} detections share their score with others of their class: by the "
            f"order of those the average mAP may be {100 * low:.2f} to {100 * high:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; precisions are fractions."""
        low, high = self.lowest_mean, self.highest_mean
        return {
            "detections": self.detections,
            "mAP": {"lowest": low.tolist(), "highest": high.tolist()},
            "average_mAP": {"lowest": float(low.mean()), "highest": float(high.mean())},
        }


def tied_orders(matching: Matching, tious: Float64Array) -> TiedOrders:
    """The range of the average precisions at the thresholds (K,) over all orders of ties."""
    ranges = matching.average_precision_ranges(tious)
    return TiedOrders(
        _tied_count(matching.detections),
        np.ascontiguousarray(ranges[..., 0]),
        np.ascontiguousarray(ranges[..., 1]),
    )


def _tied_count(detections: EventTable) -> int:
    rows = np.stack([detections.classes.astype(np.float64), detections.scores], axis=1)
    _, counts = np.unique(rows, axis=0, return_counts=True)
    return int(counts[counts > 1].sum())
