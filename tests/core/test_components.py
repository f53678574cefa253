"""Components as proposals: what is proposed of which curve, a naive twin, and detections."""

import math
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.one_class import of_one_class

from lpat.core import component_tree, extract_components, select_components
from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing, SegmentScore
from lpat.types import Scores

LEVELS = st.integers(-4, 4).map(lambda value: value / 2)


def propose(curve: Any, **changes: Any) -> Any:
    """Components of one class, by default with threshold 0 and snippets of one second."""
    return extract_components(**of_one_class(curve, **changes))


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([-2] * 9 + [2] * 9 + [-2] * 9, [(9, 18)]),  # a bump
        ([-9] * 9 + [-5] * 9 + [-9] * 9, [(9, 18)]),  # all of it below the threshold
        ([-1] * 9 + [3] * 9 + [-0.8] * 5 + [3] * 9 + [-1] * 9, [(9, 18), (23, 32)]),  # deep valley
        ([-1] * 9 + [3] * 9 + [2] * 5 + [3] * 9 + [-1] * 9, [(9, 32)]),  # a shallow one
        ([-1] * 9 + [3] * 9 + [-0.8] + [3] * 9 + [-1] * 9, [(9, 28)]),  # deep, but too short
        ([-2] * 9 + [2] * 9 + [-1.9] * 30 + [2] * 9 + [-2] * 9, [(9, 18), (48, 57)]),  # far
        ([2, 3, 2, 3, 2, 3, 2, 3], [(0, 8)]),  # one action, all of the time
        ([-3] * 20, []),
    ],
)
def test_what_stands_out_of_its_surroundings_is_proposed(
    curve: list[float], expected: list[tuple[int, int]]
) -> None:
    assert [tuple(pair) for pair in propose(curve).snippets.tolist()] == expected


def test_mostly_background_never_gives_most_of_the_video() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        curve = -2 + 0.5 * random.standard_normal(400)
        curve[100:130] += 4
        curve[250:310] += 4
        curve[0] = -4.5  # the lowest of all: the rest of the video is a component
        proposals = propose(curve)
        lengths = np.diff(proposals.snippets, axis=1)[:, 0]
        assert lengths.max() < 70
        high = proposals.snippets[proposals.mean_margin > 0]
        assert high.shape == (2, 2)
        assert np.abs(high - [[100, 130], [250, 310]]).max() <= 5


@settings(deadline=None, max_examples=60)
@given(data=st.data(), crossing=st.booleans(), per_class=st.booleans())
def test_proposals_equal_those_of_a_naive_twin(
    data: st.DataObject, crossing: bool, per_class: bool
) -> None:
    T, C = data.draw(st.integers(0, 24)), data.draw(st.integers(1, 3))
    scores = data.draw(arrays.arrays(np.float32, (T, C), elements=LEVELS))
    shape = (T, C) if per_class else T
    threshold = data.draw(arrays.arrays(np.float32, shape, elements=LEVELS))
    steps = data.draw(st.lists(st.sampled_from([0.25, 0.64, 1.0]), min_size=T, max_size=T))
    edges = np.array([0.0, *steps], np.float64).cumsum()
    centres = (edges[:-1] + edges[1:]) / 2
    minimum = data.draw(st.integers(1, 3))
    found = extract_components(
        scores,
        threshold,
        edges,
        np.arange(C)[::-1].copy(),
        boundary="crossing" if crossing else "snippet",
        minimum_snippets=minimum,
    )
    full = np.broadcast_to(threshold.reshape(T, C if per_class else 1), (T, C))
    expected = []
    for column in reversed(range(C)):
        score = scores[:, column].astype(np.float64)
        margin = score - full[:, column]
        tree = component_tree(margin)
        gate = 1 / (1 + np.exp(-margin))
        gains = component_tree(gate - 0.5).gains * (np.diff(tree.snippets, axis=1)[:, 0] >= minimum)
        for i in select_components(tree, gains):
            first, stop = tree.snippets[i].tolist()
            start, end = edges[first], edges[stop]
            level = (tree.levels[i] + tree.levels[tree.parents[i]]) / 2
            if crossing and first > 0:
                start = np.interp(level, margin[first - 1 : first + 1], centres[first - 1 :][:2])
            if crossing and stop < T:
                end = np.interp(-level, -margin[stop - 1 : stop + 1], centres[stop - 1 :][:2])
            inside = margin[first:stop]
            row = (column, first, stop, start, end, gate[first:stop].mean())
            expected.append([*row, inside.mean(), score[first:stop].max(), tree.contrasts[i]])
    rows = np.column_stack(
        [
            *(found.classes, found.snippets, found.segments),
            *(found.mean_probability, found.mean_margin, found.maximum_score, found.contrast),
        ]
    )
    np.testing.assert_allclose(rows, np.array(expected).reshape(-1, 9), rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=100)
@given(
    curve=arrays.arrays(
        np.float32, st.integers(1, 40), elements=st.floats(-(2.0**99), 2.0**99, width=32)
    ),
    boundary=st.sampled_from(["snippet", "crossing"]),
)
def test_proposals_of_a_class_are_disjoint_and_last(curve: np.ndarray, boundary: Any) -> None:
    starts, ends = propose(curve, boundary=boundary).segments.T
    assert (starts < ends).all()
    assert (ends[:-1] <= starts[1:]).all()


def test_crossings_are_half_way_to_the_level_of_the_parent() -> None:
    # Of level 3 in one of level -1: cut at 1, which is half of the way from -1 to 3 and a quarter
    # of the way from 3 to -5.
    assert propose([-1, 3, 3, -5], boundary="crossing").segments.tolist() == [[1, 2.75]]
    assert propose([3, 3], boundary="crossing").segments.tolist() == [[0, 2]]
    assert propose([3, 3, -1, -1, -1], boundary="crossing").segments.tolist() == [[0, 2]]


def test_components_that_are_too_short_leave_their_place_to_others() -> None:
    curve = [-4, 1, -3, 3, -4, -4]
    assert propose(curve).snippets.tolist() == [[1, 2], [3, 4]]
    assert propose(curve, minimum_snippets=2).snippets.tolist() == [[1, 4]]
    assert len(propose([-4, 3], edges=np.array([0.0, 2, 2]))) == 0  # what stands out takes no time


def scores_of(curve: list[float], background: float = 0.0) -> Scores:
    values = np.array(curve, np.float32)[:, None]
    threshold = np.full(len(values), background, np.float32)
    probabilities = np.array([0.5, 0.5], np.float32)
    return Scores(("jump",), values, threshold, probabilities, np.arange(len(values) + 1.0))


@pytest.mark.parametrize("background", [-9.0, 0.0, 9.0])
def test_detections_from_components_do_without_a_good_threshold(background: float) -> None:
    curve = [-3.0] * 9 + [2.0] * 8 + [-3.0] * 9
    options = PostProcessing(proposals="components", segment_score="contrast")
    detections = detect(scores_of(curve, background), options)
    expected = [[9, 17]] if background > -9 else [[0, 26]]  # what is above it all of the time
    assert detections.segments.tolist() == expected
    if background == 0:
        assert detections.scores.tolist() == [5]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ("probability", 0.5 / (1 + math.exp(-2))),
        ("wtalc", 2 + 0.7 * 0.5),
        ("margin", 2.0),
        ("contrast", 5.0),
    ],
)
def test_components_score_by_the_readings_of_runs(reading: SegmentScore, expected: float) -> None:
    curve = [-3.0] * 9 + [2.0] * 8 + [-3.0] * 9
    options = PostProcessing(proposals="components", segment_score=reading)
    assert detect(scores_of(curve), options).scores == pytest.approx([expected], abs=1e-12)


def test_no_snippets_give_no_proposals() -> None:
    options = PostProcessing(proposals="components")
    assert detect(scores_of([]), options).segments.shape == (0, 2)


@pytest.mark.parametrize(
    ("curve", "changes", "message"),
    [
        ([0, math.nan], {}, r"scores\[1, 0\] isn't"),
        ([0, math.inf], {}, r"scores\[1, 0\] isn't"),
        ([0], {"boundary": "edge"}, r"boundary must be one of 'snippet', 'crossing', not 'edge'"),
        ([0], {"minimum_snippets": 0}, r"minimum_snippets must be positive, not 0"),
        ([0], {"minimum_snippets": -1}, r"minimum_snippets must be positive, not -1"),
        ([0], {"classes": np.array([1])}, r"classes\[0\] .* 1 scores, not 1"),
        ([0], {"edges": np.arange(3.0)}, r"edges must have 2 elements, not 3"),
        ([0, 0], {"edges": np.array([0.0, 2, 1])}, r"edges\[2\] does"),
        ([0], {"threshold": np.zeros(2, np.float32)}, r"shape \(1,\) or \(1, 1\), not \(2,\)"),
        ([0], {"threshold": np.array([math.nan], np.float32)}, r"threshold\[0, 0\] isn't"),
    ],
)
def test_scores_that_cannot_be_read_are_refused(
    curve: list[float], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        propose(curve, **changes)
