"""Scores of segments by how well they fit the ends that a model tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.types import PredictedEnds, Scores

# Two bumps, of which the first is higher.
MARGINS = np.array([-1, 2, 3, 2, -1, -1, 1, 2, 1, -1], np.float32)


def scores_of(ends: PredictedEnds | None) -> Scores:
    snippets = len(MARGINS)
    edges = np.arange(snippets + 1, dtype=np.float64)
    shown = np.array([0.9, 0.1], np.float32)
    return Scores(("jump",), MARGINS[:, None], np.zeros(snippets, np.float32), shown, edges, ends)


def ends_of(first: float, second: float) -> PredictedEnds:
    """The middles of the bumps tell their ends, with such chances of being right."""
    chances = np.zeros((len(MARGINS), 1), np.float32)
    chances[2], chances[7] = first, second
    return PredictedEnds(chances, np.full((len(MARGINS), 2), 1.5, np.float32))


@pytest.mark.parametrize("proposals", ["runs", "levels", "components"])
def test_what_fits_better_comes_first(proposals) -> None:
    options = PostProcessing(proposals=proposals, boundary="snippet")
    plain = detect(scores_of(None), options)
    assert plain.segments[0].tolist() == [1, 4]
    fitted = detect(scores_of(ends_of(0.04, 1.0)), options)
    assert fitted.segments[0].tolist() == [6, 9]
    best = plain.scores[plain.segments[:, 0] == 6].max()
    assert fitted.scores[0] == pytest.approx(best)  # it fits wholly


def test_of_level_sets_the_one_stays_that_fits() -> None:
    options = PostProcessing(proposals="levels", boundary="snippet", overlap=0.3)
    narrow = PredictedEnds(
        np.ones((len(MARGINS), 1), np.float32), np.full((len(MARGINS), 2), 0.5, np.float32)
    )
    plain, fitted = detect(scores_of(None), options), detect(scores_of(narrow), options)
    assert plain.segments.tolist() == [[1, 4], [6, 9]]
    assert fitted.segments.tolist() == [[1, 4], [7, 8]]


def test_what_ends_predict_is_proposed_beside_level_sets_where_asked() -> None:
    """No level set has these ends, so that as a judge alone they can't be found."""
    chances = np.zeros((len(MARGINS), 1), np.float32)
    chances[2] = 1
    wide = PredictedEnds(chances, np.array([[2.25, 1.25]] * len(MARGINS), np.float32))
    levels = PostProcessing(proposals="levels", boundary="snippet")
    both = PostProcessing(proposals="levels+ends", boundary="snippet")
    assert [0.25, 3.75] not in detect(scores_of(wide), levels).segments.tolist()
    found = detect(scores_of(wide), both)
    assert found.segments[0].tolist() == [0.25, 3.75]
    without = detect(scores_of(None), both), detect(scores_of(None), levels)
    assert without[0].segments.tolist() == without[1].segments.tolist()


def test_a_score_that_isnt_above_zero_stays() -> None:
    fitted = scores_of(ends_of(0, 0))
    below = replace(fitted, scores=fitted.scores - 9, background=fitted.background - 9)
    options = PostProcessing(proposals="runs", segment_score="wtalc")
    found = detect(below, options).scores
    assert (found < 0).all()
    assert len(found) == 2
    np.testing.assert_array_equal(found, detect(replace(below, ends=None), options).scores)


@pytest.mark.parametrize(
    ("chances", "distances", "words"),
    [
        ((9, 1), (10, 2), r"chances must have shape \(10, 1\), not \(9, 1\)"),
        ((10, 1), (10, 1), r"distances must have shape \(10, 2\), not \(10, 1\)"),
    ],
)
def test_ends_of_other_shapes_are_refused(chances, distances, words: str) -> None:
    ends = PredictedEnds(np.zeros(chances, np.float32), np.zeros(distances, np.float32))
    with pytest.raises(ValueError, match=words):
        scores_of(ends)
