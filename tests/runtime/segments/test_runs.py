"""Runs found snippet by snippet are those that are found in the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpat.core import extract_segments
from lpat.segments.post_processing import Boundary
from lpat.segments.runs import ClosedRuns, OpenRuns


def all_runs(
    scores: np.ndarray, background: np.ndarray, edges: np.ndarray, boundary: Boundary, minimum: int
) -> list[ClosedRuns]:
    runs = OpenRuns(scores.shape[1], boundary, minimum)
    steps = [
        runs.step(*step)
        for step in zip(scores, background.tolist(), edges[1:].tolist(), strict=True)
    ]
    return [*steps, runs.finish()]


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 4), st.integers(1, 3),
    st.sampled_from(["snippet", "crossing"]), st.floats(0.01, 1), st.booleans(),
)  # fmt: skip
def test_they_are_those_of_the_whole(
    seed: int,
    snippets: int,
    classes: int,
    minimum: int,
    boundary: Boundary,
    last: float,
    ties: bool,
) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=(snippets, classes)).cumsum(axis=0)
    background = random.normal(size=snippets)
    if ties:
        scores, background = scores.round(), background.round()
    scores, background = scores.astype(np.float32), background.astype(np.float32)
    edges = np.append(np.arange(snippets), snippets - 1 + last) * 0.32
    found = all_runs(scores, background, edges, boundary, minimum)
    expected = extract_segments(
        scores, background, edges, np.arange(classes), boundary=boundary, minimum_snippets=minimum
    )
    labels = np.concatenate([runs.classes for runs in found])
    order = np.argsort(labels, kind="stable")
    np.testing.assert_array_equal(labels[order], expected.classes)
    for name in ("segments", "mean_probability", "mean_margin", "maximum_score"):
        values = np.concatenate([getattr(runs, name) for runs in found])[order]
        np.testing.assert_allclose(values, getattr(expected, name), rtol=3e-6, atol=1e-6)


def test_a_run_comes_with_the_first_snippet_after_it() -> None:
    scores = np.array([[-1], [1], [3], [-1], [-1], [2]], np.float32)
    found = all_runs(scores, np.zeros(6, np.float32), np.arange(7.0), "crossing", 1)
    assert [len(runs) for runs in found] == [0, 0, 0, 1, 0, 0, 1]
    assert found[3].segments.tolist() == [[1.0, 3.25]]
    assert found[3].mean_margin.tolist() == found[3].contrast.tolist() == [2.0]
    assert found[6].segments[0].tolist() == pytest.approx([4.5 + 1 / 3, 6.0])


def test_nothing_is_found_before_there_is_anything() -> None:
    assert len(OpenRuns(3, "snippet", 1).finish()) == 0
