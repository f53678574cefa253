"""Detections from scores: hand-worked cases, and parity with a naive twin."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.core import Runs, extract_segments
from lpat.errors import UsageError
from lpat.segments.detect import detect, manual_threshold, select_classes
from lpat.segments.post_processing import PostProcessing, SegmentScore
from lpat.types import Scores


def scores_of(
    values: Sequence[Sequence[float]],
    probabilities: list[float],
    background: list[float] | None = None,
    edges: list[float] | None = None,
) -> Scores:
    """Scores from rows (T, C), with threshold 0 and snippets of one second."""
    table = np.array(values, np.float32).reshape(-1, len(probabilities) - 1)
    return Scores(
        tuple("abcdefgh"[: table.shape[1]]),
        table,
        np.array(background or np.zeros(len(table)), np.float32),
        np.array(probabilities, np.float32),
        np.array(edges or np.arange(len(table) + 1), np.float64),
    )


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_runs_above_the_threshold_become_segments_best_first() -> None:
    scores = scores_of([[1], [0], [2], [3], [-1]], [0.5, 0.5])
    detections = detect(scores)
    assert detections.segments.tolist() == [[2, 4], [0, 1]]
    assert detections.labels.tolist() == [0, 0]
    expected = [0.5 * (sigmoid(2) + sigmoid(3)) / 2, 0.5 * sigmoid(1)]
    assert detections.scores == pytest.approx(expected, abs=1e-6)


def test_the_threshold_itself_is_not_above() -> None:
    scores = scores_of([[1], [2], [3]], [1, 0], background=[1, 2, 2.5])
    assert detect(scores).segments.tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [("snippet", [[2, 4], [6, 7]]), ("crossing", [[1.5, 4], [6.125, 7]])],
)
def test_boundaries_are_edges_or_zero_crossings(boundary: Any, expected: list[list[float]]) -> None:
    # Snippet centres 1, 3, 5 and 6.5 s. The margins -1, 3, -3, 1 cross zero a quarter, a half and
    # three quarters of the way between them; the last run ends with the video.
    scores = scores_of([[-1], [3], [-3], [1]], [1, 0], edges=[0, 2, 4, 6, 7])
    detections = detect(scores, PostProcessing(boundary=boundary))
    assert detections.segments.tolist() == expected


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ("probability", 0.8 * (sigmoid(1) + sigmoid(3)) / 2),
        ("wtalc", 4 + 0.7 * 0.8),
        ("margin", 2.0),
        ("contrast", 3 - (0 - 1) / 2),
    ],
)
def test_segment_scores_have_four_readings(reading: SegmentScore, expected: float) -> None:
    scores = scores_of([[9], [0], [2], [4], [-1], [-9]], [0.8, 0.2], background=[10, 1, 1, 1, 1, 1])
    detections = detect(scores, PostProcessing(segment_score=reading))
    assert detections.segments.tolist() == [[2, 4]]
    assert detections.scores == pytest.approx([expected], abs=1e-7)  # p is float32


def test_a_run_over_the_whole_video_contrasts_with_the_threshold() -> None:
    scores = scores_of([[3], [5]], [1, 0], background=[1, 2])
    detections = detect(scores, PostProcessing(segment_score="contrast"))
    assert detections.scores.tolist() == [4 - 1.5]


def test_the_manual_threshold_is_half_way_between_extremes_of_each_class() -> None:
    values = [[0, 10], [4, 30], [3, 19]]
    scores = scores_of(values, [0.4, 0.4, 0.2], background=[50, 50, 50])
    np.testing.assert_array_equal(manual_threshold(scores.scores), [[2, 20]] * 3)
    assert len(detect(scores)) == 0
    detections = detect(scores, PostProcessing(threshold="manual", segment_score="margin"))
    assert detections.segments.tolist() == [[1, 2], [1, 3]]
    assert detections.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("cut", "places", "segments"),
    [
        (0.0, [0, 10], [[0, 1], [2, 3]]),
        (0.25, [1, 15], [[0, 1], [2, 3]]),
        (0.75, [3, 25], [[0, 1]]),
    ],
)
def test_a_cut_lies_its_share_of_the_way_between_extremes(
    cut: float, places: list[float], segments: list[list[float]]
) -> None:
    scores = scores_of([[4, 10], [0, 30], [2, 20]], [1, 0, 0])
    np.testing.assert_array_equal(manual_threshold(scores.scores, cut), [places] * 3)
    options = PostProcessing(threshold="manual", cut=cut)
    detections = detect(scores, options)
    assert sorted(detections.of("a").segments.tolist()) == segments


def test_a_cut_is_of_the_manual_threshold_alone() -> None:
    scores = scores_of([[4], [0], [2]], [1, 0])
    found = [detect(scores, PostProcessing(cut=cut)).segments.tolist() for cut in (0.0, 1.0)]
    assert found[0] == found[1] == detect(scores).segments.tolist()


def test_a_class_of_equal_scores_has_no_segment_by_the_manual_threshold() -> None:
    scores = scores_of([[2], [2]], [1, 0])
    assert len(detect(scores, PostProcessing(threshold="manual"))) == 0


@pytest.mark.parametrize(
    ("probabilities", "selection", "expected"),
    [
        ([0.5, 0.3, 0.1, 0.1], "mean", [0, 1]),
        ([0.1, 0.1, 0.1, 0.7], "mean", [0, 1, 2]),
        ([0.01, 0.99], "mean", [0]),
        ([0.9, 0.05, 0.05], "all", [0, 1]),
        ([1.0], "mean", []),
    ],
)
def test_classes_at_least_as_probable_as_the_mean_are_selected(
    probabilities: list[float], selection: Any, expected: list[int]
) -> None:
    assert select_classes(np.array(probabilities, np.float32), selection).tolist() == expected


def test_equal_scores_keep_the_order_of_class_and_time() -> None:
    scores = scores_of([[1, 1], [0, 0], [1, 1]], [0.4, 0.4, 0.2])
    detections = detect(scores)
    assert detections.labels.tolist() == [0, 0, 1, 1]
    assert detections.segments[:, 0].tolist() == [0, 2, 0, 2]


def test_short_runs_and_runs_that_take_no_time_are_left_out() -> None:
    scores = scores_of([[1], [0], [1], [1], [0], [1]], [1, 0], edges=[0, 1, 2, 3, 4, 5, 5])
    assert detect(scores).segments.tolist() == [[0, 1], [2, 4]]
    assert detect(scores, PostProcessing(minimum_snippets=2)).segments.tolist() == [[2, 4]]


def test_no_snippets_give_no_detections() -> None:
    for threshold in ("predicted", "manual"):
        detections = detect(scores_of([], [0.5, 0.5]), PostProcessing(threshold=threshold))
        assert len(detections) == 0
        assert detections.segments.shape == (0, 2)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match=r"scores\[1, 0\]"):
        detect(scores_of([[0], [math.nan]], [1, 0]))
    with pytest.raises(ValueError, match=r"probabilities\[0\] must be finite"):
        detect(scores_of([[0]], [math.nan, 0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment_score": "x"}, "segment_score must be one of probability, .* not 'x'"),
        ({"threshold": "fixed"}, "threshold must be one of predicted, manual, not 'fixed'"),
        (
            {"proposals": "grid"},
            "proposals must be one of runs, components, levels, levels.ends, not 'grid'",
        ),
        ({"boundary": ["snippet"]}, "boundary must be one of"),
        ({"class_selection": None}, "class_selection must be one of mean, all, not None"),
        (
            {"minimum_snippets": 0},
            "minimum_snippets must be a whole number from 1 to 1000000, not 0",
        ),
        ({"minimum_snippets": 1.0}, "minimum_snippets .* not 1.0"),
        ({"minimum_snippets": True}, "minimum_snippets .* not True"),
        ({"cut": 1.5}, "cut must be a number from 0 to 1, not 1.5"),
        ({"cut": "half"}, "cut must be a number from 0 to 1, not 'half'"),
        ({"cut": float("nan")}, "cut must be a number from 0 to 1, not nan"),
    ],
)
def test_options_outside_their_choices_are_refused(options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PostProcessing(**options)


def naive_runs(
    scores: np.ndarray, threshold: np.ndarray, edges: np.ndarray, column: int, crossing: bool
) -> list[list[float]]:
    """[first, stop, start, end, probability, margin, maximum, contrast] of each run."""
    score, b = scores[:, column].astype(float), threshold[:, column].astype(float)
    margin, centres, T = score - b, (edges[:-1] + edges[1:]) / 2, len(score)
    rows = []
    for above, group in groupby(range(T), key=lambda t: margin[t] > 0):
        inside = list(group)
        if not above:
            continue
        first, last = inside[0], inside[-1]
        start, end = edges[first], edges[last + 1]
        if crossing and first > 0:
            start = np.interp(0, margin[first - 1 : first + 1], centres[first - 1 : first + 1])
        if crossing and last + 1 < T:
            end = np.interp(0, -margin[last : last + 2], centres[last : last + 2])
        width = max(1, len(inside) // 4)
        around = range(max(0, first - width), min(T, last + 1 + width))
        outside = [score[t] for t in around if t not in inside] or b[inside]
        rows.append(
            [
                *(first, last + 1, start, end),
                np.mean(1 / (1 + np.exp(-margin[inside]))),
                margin[inside].mean(),
                score[inside].max(),
                score[inside].mean() - np.mean(outside),
            ]
        )
    return rows


LEVELS = st.integers(-6, 6).map(lambda value: value / 2)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), crossing=st.booleans(), per_class=st.booleans())
def test_runs_equal_those_of_a_naive_twin(
    data: st.DataObject, crossing: bool, per_class: bool
) -> None:
    T, C = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 3))
    scores = data.draw(arrays.arrays(np.float32, (T, C), elements=LEVELS))
    shape = (T, C) if per_class else T
    threshold = data.draw(arrays.arrays(np.float32, shape, elements=LEVELS))
    steps = data.draw(st.lists(st.sampled_from([0.25, 0.64, 1.0]), min_size=T, max_size=T))
    edges = np.array([0.0, *steps], np.float64).cumsum()
    boundary = "crossing" if crossing else "snippet"
    runs = extract_segments(scores, threshold, edges, np.arange(C)[::-1].copy(), boundary=boundary)
    assert_equal_to_twin(runs, scores, threshold, edges, crossing)


@pytest.mark.parametrize("per_class", [False, True])
def test_long_runs_of_many_classes_equal_those_of_a_naive_twin(per_class: bool) -> None:
    random = np.random.default_rng(3)
    T, C = 900, 40
    waves = np.sin(np.arange(T)[:, None] / random.uniform(1, 300, C))
    scores = (waves + random.normal(0, 0.02, (T, C))).astype(np.float32)
    threshold = random.uniform(-0.3, 0.2, (T, C) if per_class else T).astype(np.float32)
    edges = np.arange(T + 1, dtype=np.float64) * 0.64
    runs = extract_segments(
        scores, threshold, edges, np.arange(C)[::-1].copy(), boundary="crossing"
    )
    assert np.diff(runs.snippets).max() > 300
    assert_equal_to_twin(runs, scores, threshold, edges, crossing=True)


def assert_equal_to_twin(
    runs: Runs, scores: np.ndarray, threshold: np.ndarray, edges: np.ndarray, crossing: bool
) -> None:
    """All classes were asked for, the last first."""
    T, C = scores.shape
    full = np.broadcast_to(threshold if threshold.ndim == 2 else threshold[:, None], (T, C))
    found = np.column_stack(
        [
            *(runs.classes, runs.snippets, runs.segments),
            *(runs.mean_probability, runs.mean_margin, runs.maximum_score, runs.contrast),
        ]
    )
    expected = [
        [column, *row]
        for column in reversed(range(C))
        for row in naive_runs(scores, full, edges, column, crossing)
    ]
    errors = np.abs(found - np.array(expected).reshape(-1, 9))
    assert (errors <= [*[1e-12] * 5, 1e-6, *[1e-12] * 3]).all()  # the probability is in float32


@settings(deadline=None, max_examples=60)
@given(
    scores=arrays.arrays(
        np.float32, st.integers(1, 40), elements=st.floats(-(2.0**99), 2.0**99, width=32)
    ).map(lambda column: column[:, None]),
    crossing=st.booleans(),
)
def test_segments_of_a_class_are_disjoint_and_last(scores: np.ndarray, crossing: bool) -> None:
    edges = np.arange(len(scores) + 1, dtype=np.float64) * 0.64
    boundary = "crossing" if crossing else "snippet"
    runs = extract_segments(
        scores, np.zeros(len(scores), np.float32), edges, np.zeros(1, np.int64), boundary=boundary
    )
    starts, ends = runs.segments.T
    assert (starts < ends).all()
    assert (ends[:-1] <= starts[1:]).all()
    assert (runs.mean_probability >= 0.5).all()
