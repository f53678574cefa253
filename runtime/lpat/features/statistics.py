"""Whether the halves of features, RGB and flow, stand in the order of other features.

The two streams come from two networks, so each unit has a mean of its own over videos. Against the
mean and deviation of features in the right order, features of any video lie closer as they are than
with their halves exchanged. That tells whether two sets have the same order; which of them begins
with RGB, no statistic of theirs says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lpat.errors import FeatureError
from lpat.types import Float32Array

NARROWEST = 16
"""Dimensions of a half, below which chance decides."""

WIDEST = 1 << 14
"""Dimensions of features whose statistics a model file still carries."""

MARGIN = 1.5
"""How many times closer exchanged halves must lie. Alike halves give 1, right ones less than 1."""


@dataclass(frozen=True)
class Statistics:
    """Mean and deviation (D,) of the snippets of a set."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.deviation):
            raise FeatureError("statistics: expected as many means as deviations")
        values = np.array([self.mean, self.deviation])
        if not (np.isfinite(values).all() and (values[1] >= 0).all()):
            raise FeatureError("statistics: expected finite means and deviations of 0 or more")


def statistics_of(sets: Sequence[Float32Array]) -> Statistics:
    """Statistics of the snippets of some videos, each (T, D)."""
    count = sum(len(values) for values in sets)
    sums = [np.asarray(values, np.float64).sum(axis=0) for values in sets]
    squares = [np.square(np.asarray(values, np.float64)).sum(axis=0) for values in sets]
    mean = np.sum(sums, axis=0) / count
    variance = np.maximum(np.sum(squares, axis=0) / count - np.square(mean), 0)
    return Statistics(tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))


def statistics_from_json(value: Any, dimension: int) -> Statistics:
    """Statistics of features of this dimension from their JSON object.

    Raises:
        FeatureError: another object.
    """
    if not isinstance(value, dict) or set(value) != {"mean", "deviation"}:
        raise FeatureError("statistics: expected an object with mean and deviation")
    lists = [value["mean"], value["deviation"]]
    for numbers in lists:
        if not (
            isinstance(numbers, list)
            and len(numbers) == dimension
            and all(type(number) in (int, float) for number in numbers)
        ):
            raise FeatureError(f"statistics: expected lists of {dimension} numbers")
    return Statistics(*(tuple(map(float, numbers)) for numbers in lists))


def halves_look_exchanged(mean: np.ndarray, reference: Statistics) -> bool:
    """Whether a mean (D,) lies `MARGIN` times closer to the reference with its halves exchanged.

    Distances are mean absolute differences in deviations of the reference. Features of odd or
    small dimension have no halves to speak of: False.
    """
    dimension = len(reference.mean)
    if len(mean) != dimension or dimension % 2 or dimension < 2 * NARROWEST:
        return False
    expected, deviation = np.array(reference.mean), np.array(reference.deviation)
    varies = deviation > 0
    if not varies.any():
        return False

    def distance(values: np.ndarray) -> float:
        return float((np.abs(values - expected)[varies] / deviation[varies]).mean())

    return MARGIN * distance(exchanged(mean)) < distance(np.asarray(mean))


def exchanged(values: np.ndarray) -> np.ndarray:
    """Values (..., D) with the halves of their last axis exchanged."""
    half = values.shape[-1] // 2
    return np.concatenate([values[..., half:], values[..., :half]], axis=-1)
