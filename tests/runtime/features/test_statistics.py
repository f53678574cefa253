"""Halves of features told apart by the means of their units, and no alarm where they can't be."""

import numpy as np
import pytest

from lpat.errors import FeatureError
from lpat.features.statistics import (
    Statistics,
    exchanged,
    halves_look_exchanged,
    statistics_from_json,
    statistics_of,
)


def videos(count: int, *, own_means: bool, seed: int = 0, width: int = 64) -> list[np.ndarray]:
    """Features of units that have means of their own, or none; each video has an offset."""
    means = np.abs(np.random.default_rng(7).normal(size=width)) * own_means
    random = np.random.default_rng(seed)
    return [
        (means + 0.2 * random.normal(size=width) + 0.4 * random.normal(size=(50, width))).astype(
            np.float32
        )
        for _ in range(count)
    ]


def test_exchanged_halves_are_recognised_in_each_video() -> None:
    reference = statistics_of(videos(20, own_means=True))
    for video in videos(50, own_means=True, seed=1):
        assert not halves_look_exchanged(video.mean(axis=0), reference)
        assert halves_look_exchanged(exchanged(video).mean(axis=0), reference)


def test_halves_without_means_of_their_own_raise_no_alarm() -> None:
    reference = statistics_of(videos(20, own_means=False))
    for video in videos(50, own_means=False, seed=1):
        assert not halves_look_exchanged(video.mean(axis=0), reference)
        assert not halves_look_exchanged(exchanged(video).mean(axis=0), reference)


def test_features_without_halves_raise_no_alarm() -> None:
    for width in (2, 30, 33):
        its = videos(3, own_means=True, width=width)
        assert not halves_look_exchanged(its[0].mean(axis=0)[::-1], statistics_of(its))
    reference = statistics_of([np.ones((3, 64), np.float32)])
    assert not halves_look_exchanged(np.zeros(64, np.float32), reference)
    assert not halves_look_exchanged(np.zeros(32, np.float32), reference)


def test_statistics_are_those_of_all_snippets() -> None:
    its = videos(3, own_means=True)
    every = np.concatenate(its)
    statistics = statistics_of(its)
    np.testing.assert_allclose(statistics.mean, every.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.deviation, every.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"mean": [0.0, 1]},
        {"mean": [0.0], "deviation": [1.0]},
        {"mean": [0.0, "1"], "deviation": [1.0, 1]},
        {"mean": [0.0, True], "deviation": [1.0, 1]},
        {"mean": [0.0, 1], "deviation": [1.0, -1]},
        {"mean": [0.0, float("nan")], "deviation": [1.0, 1]},
    ],
)
def test_other_json_is_refused(value: object) -> None:
    with pytest.raises(FeatureError, match="statistics: expected"):
        statistics_from_json(value, 2)
    good = statistics_from_json({"mean": [0.0, 1], "deviation": [1.0, 1]}, 2)
    assert good == Statistics((0.0, 1.0), (1.0, 1.0))
    with pytest.raises(FeatureError, match="as many means"):
        Statistics((0.0,), ())
