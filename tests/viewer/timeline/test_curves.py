"""Which numbers are drawn as curves, and how they become lines."""

from __future__ import annotations

import numpy as np
import pytest
from pyqtgraph.functions import ndarray_from_qpolygonf

from lpat.types import Scores
from lpat_viewer.timeline.curve_painting import Blocks, CurveFrame, polylines
from lpat_viewer.timeline.curves import Pyramid, curve_set
from lpat_viewer.timeline.scale import TimeScale


def test_curves_are_those_of_the_shown_classes_in_their_order(scores: Scores) -> None:
    curves = curve_set("model", scores, ("run", "unknown", "jump"), "scores", "predicted")
    assert curves.labels == ("run", "jump")
    np.testing.assert_array_equal(curves.values, scores.scores.T[::-1])
    np.testing.assert_array_equal(curves.threshold_of(1), scores.background)


def test_a_difference_is_held_against_zero_and_still_reads_scores(scores: Scores) -> None:
    raised = Scores(
        scores.classes, scores.scores, scores.background + 0.25, scores.probabilities, scores.edges
    )
    curves = curve_set("model", raised, ("jump",), "difference", "predicted")
    assert curves.values[0, 20] == pytest.approx(0.75)
    assert not curves.thresholds.any()
    assert curves.reading(0, 20) == (1.0, 0.25)


def test_each_class_has_its_own_manual_threshold(scores: Scores) -> None:
    doubled = Scores(
        scores.classes, scores.scores * np.array([1, 3], np.float32) + 1, scores.background,
        scores.probabilities, scores.edges,
    )  # fmt: skip
    curves = curve_set("model", doubled, ("jump", "run"), "scores", "manual")
    assert (curves.threshold_of(0) == 1).all()
    assert curves.extremes == (-2.0, 4.0)


def test_a_time_lies_in_one_snippet_or_none(scores: Scores) -> None:
    curves = curve_set("model", scores, ("jump",), "scores", "predicted")
    found = [curves.snippet_at(time) for time in (-0.1, 0.0, 0.49, 0.5, 59.9, 60.0)]
    assert found == [None, 0, 0, 1, 119, None]


def test_no_shown_class_leaves_the_threshold_to_draw(scores: Scores) -> None:
    curves = curve_set("model", scores, (), "difference", "manual")
    assert len(curves) == 0
    assert curves.snippets == 120
    assert curves.extremes == (0.0, 1.0)


def test_a_value_is_drawn_at_the_centre_of_its_snippet(scores: Scores) -> None:
    frame = CurveFrame(TimeScale(0.0, 60.0, 0.0, 600.0), -2.0, 2.0, 100.0)
    curves = curve_set("model", scores, ("jump",), "scores", "predicted")
    blocks = Blocks.of(curves.edges, frame.times)
    (line,) = polylines(curves.pyramid, [0], blocks, frame)
    points = ndarray_from_qpolygonf(line)
    np.testing.assert_allclose(points[:, 0], np.arange(120) * 5 + 2.5)
    np.testing.assert_allclose(points[20], (102.5, 25.0))


def test_blocks_about_a_pixel_wide_show_every_peak() -> None:
    values = np.zeros((1000, 1), np.float32)
    values[617] = 5
    scores = Scores(("a",), values, values[:, 0], np.ones(2, np.float32), np.arange(1001) / 2)
    frame = CurveFrame(TimeScale(0.0, 500.0, 0.0, 50.0), 0.0, 10.0, 100.0)
    curves = curve_set("model", scores, ("a",), "scores", "predicted")
    blocks = Blocks.of(curves.edges, frame.times)
    (line,) = polylines(curves.pyramid, [0], blocks, frame)
    points = ndarray_from_qpolygonf(line)
    assert len(points) <= 2 * 50
    highest = points[points[:, 1].argmin()]
    assert highest[1] == 50.0
    assert highest[0] == pytest.approx(617.5 / 2 / 10, abs=1.0)


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
