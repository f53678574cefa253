"""Minima and maxima at many resolutions."""

import numpy as np
import pytest

from lpat_viewer.timeline.pyramid import Pyramid


@pytest.mark.parametrize("snippets", [1, 2, 7, 64, 1001])
@pytest.mark.parametrize("step", [1, 2, 3, 8, 500])
def test_a_level_holds_the_extremes_of_each_block(snippets: int, step: int) -> None:
    values = np.random.default_rng(snippets).standard_normal((3, snippets)).astype(np.float32)
    level = Pyramid(values).level(step)
    assert level.step >= step or level.step >= snippets
    for number in range(level.minima.shape[1]):
        block = values[:, number * level.step : (number + 1) * level.step]
        np.testing.assert_array_equal(level.minima[:, number], block.min(axis=1))
        np.testing.assert_array_equal(level.maxima[:, number], block.max(axis=1))
    assert level.minima.shape[1] == -(-snippets // level.step)


def test_the_finest_level_that_is_coarse_enough_is_taken() -> None:
    pyramid = Pyramid(np.zeros((1, 100), np.float32))
    assert [pyramid.level(step).step for step in (16, 1, 3, 4)] == [16, 1, 4, 4]


def test_no_snippets_have_no_blocks() -> None:
    assert Pyramid(np.zeros((2, 0), np.float32)).level(8).minima.shape == (2, 0)
