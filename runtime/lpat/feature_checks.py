"""What features that are to be imported say of themselves, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.errors import FeatureError
from lpat.feature_halves import Statistics, halves_look_exchanged, statistics_of
from lpat.feature_import import Source

_ROWS = 64
"""Snippets of a video that are looked at, evenly over it: more wouldn't tell more."""


@dataclass(frozen=True, eq=False)
class Sample:
    """How many snippets a video has, and some of them (N, D)."""

    name: str
    snippets: int
    rows: np.ndarray


def sample_features(sources: Sequence[Source]) -> list[Sample]:
    """A sample of each source that can be read; what is wrong with others is told on import."""
    samples = []
    for source in sources:
        try:
            values = source.load()
        except FeatureError:
            continue
        if not (len(values) and np.issubdtype(values.dtype, np.floating)):
            continue
        with np.errstate(over="ignore"):
            rows = np.array(values[:: -(-len(values) // _ROWS)], np.float32)
        if np.isfinite(rows).all():
            samples.append(Sample(source.name, len(values), rows))
    return samples


def exchanged_subsets(
    samples: Sequence[Sample], subsets: Mapping[str, str | None]
) -> tuple[str | None, list[str]]:
    """Whether subsets, and videos within one, differ in the order of their halves.

    Returns:
        A line on a subset whose halves fit those of the largest when exchanged, if there is one;
        the videos whose halves fit those of their own subset when exchanged.
    """
    groups: dict[str | None, list[Sample]] = {}
    for sample in _of_one_width(samples):
        groups.setdefault(subsets.get(sample.name), []).append(sample)
    statistics = {
        name: statistics_of([its.rows for its in group]) for name, group in groups.items()
    }
    odd = [
        sample.name
        for name, group in groups.items()
        for sample in group
        if halves_look_exchanged(sample.rows.mean(axis=0), statistics[name])
    ]
    if len(groups) < 2:
        return None, odd
    largest = max(groups, key=lambda name: len(groups[name]))
    for name, its in statistics.items():
        if name != largest and halves_look_exchanged(_mean(its), statistics[largest]):
            return (
                f"the halves of the {len(groups[name])} videos of {name!r} fit those of "
                f"{largest!r} only when exchanged: one of the two has flow first"
            ), odd
    return None, odd


def _of_one_width(samples: Sequence[Sample]) -> list[Sample]:
    """The samples as wide as the first; others are refused on their own where it matters."""
    return [its for its in samples if its.rows.shape[1] == samples[0].rows.shape[1]]


def _mean(statistics: Statistics) -> np.ndarray:
    return np.array(statistics.mean, np.float32)
