"""Suppression, hard and soft: hand-worked cases, and parity with naive twins."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat import core
from lpat.errors import UsageError
from lpat.segments.suppression import Decay, soften, suppress
from lpat.types import Detections

Row = tuple[int, float, float, float]  # label, start, end, score


def detections_of(rows: list[Row]) -> Detections:
    table = np.array(rows, np.float64).reshape(-1, 4)
    # The columns are views with strides, which must be as welcome as others.
    return Detections(("a", "b", "c"), table[:, 1:3], table[:, 0].astype(np.int64), table[:, 3])


def rows_of(detections: Detections) -> list[Row]:
    columns = (detections.labels, *detections.segments.T, detections.scores)
    return list(zip(*(column.tolist() for column in columns), strict=True))


# tIoU with the best of class 0, [0, 10]: 0.5, 0.8, 0.25.
ROWS: list[Row] = [
    (0, 0, 5, 0.7),
    (0, 0, 10, 0.9),
    (1, 0, 10, 0.2),
    (0, 0, 8, 0.8),
    (0, 6, 16, 0.6),
]


@pytest.mark.parametrize(
    ("tiou", "expected"),
    [
        (0.0, [1, 2]),
        (0.2, [1, 2]),
        (0.25, [1, 4, 2]),
        (0.5, [1, 0, 4, 2]),
        (0.8, [1, 3, 0, 4, 2]),
        (1.0, [1, 3, 0, 4, 2]),
    ],
)
def test_what_overlaps_a_better_one_of_its_class_by_more_than_the_threshold_goes(
    tiou: float, expected: list[int]
) -> None:
    assert rows_of(suppress(detections_of(ROWS), tiou)) == [ROWS[i] for i in expected]


def test_at_threshold_0_what_stays_may_touch() -> None:
    rows: list[Row] = [(0, 0, 1, 0.3), (0, 1, 2, 0.2), (0, 0.5, 1.5, 0.1), (0, 2, 3, 0.0)]
    assert rows_of(suppress(detections_of(rows), 0)) == [rows[0], rows[1], rows[3]]


def test_of_equal_scores_and_of_duplicates_the_earlier_stays() -> None:
    rows: list[Row] = [(0, 1, 5, 0.5), (0, 0, 4, 0.5), (0, 1, 5, 0.5), (1, 9, 10, 0.5)]
    assert rows_of(suppress(detections_of(rows))) == [rows[0], rows[3]]
    assert len(suppress(detections_of(rows), 1)) == 4


@pytest.mark.parametrize("tiou", [0.0, 0.5])
def test_segments_that_take_no_time_stay_and_let_others_stay(tiou: float) -> None:
    rows: list[Row] = [(0, 1, 1, 0.9), (0, 0, 2, 0.8), (0, 1, 1, 0.7)]
    assert rows_of(suppress(detections_of(rows), tiou)) == rows


def test_gaussian_decay_of_hand_worked_overlaps() -> None:
    softened = soften(detections_of(ROWS), sigma=0.5, minimum_score=0.2)
    assert [row[:3] for row in rows_of(softened)] == [(0, 0, 10), (0, 6, 16), (0, 0, 5), (1, 0, 10)]
    expected = [0.9, 0.6 * math.exp(-(0.25**2) / 0.5), 0.7 * math.exp(-(0.5**2) / 0.5), 0.2]
    assert softened.scores == pytest.approx(expected, abs=1e-12)


def test_each_better_one_decays_the_scores_again() -> None:
    softened = soften(detections_of(ROWS), sigma=0.5, minimum_score=0)
    assert rows_of(softened)[4][:3] == (0, 0, 8)
    # Its tIoU with [0, 10], [6, 16] and [0, 5].
    decay = math.exp(-(0.8**2 + 0.125**2 + 0.625**2) / 0.5)
    assert softened.scores[4] == pytest.approx(0.8 * decay, abs=1e-12)


def test_linear_decay_of_hand_worked_overlaps() -> None:
    softened = soften(detections_of(ROWS), "linear", tiou=0.25, minimum_score=0)
    # [0, 8] has tIoU 0.8, 0.125 and 0.625 with the three of its class before it.
    segments = [(0, 0, 10), (0, 6, 16), (0, 0, 5), (1, 0, 10), (0, 0, 8)]
    assert [row[:3] for row in rows_of(softened)] == segments
    expected = [0.9, 0.6, 0.7 * 0.5, 0.2, 0.8 * 0.2 * 0.375]
    assert softened.scores == pytest.approx(expected, abs=1e-12)


def test_a_duplicate_decays_to_zero_and_is_left_out_unless_zero_is_enough() -> None:
    rows: list[Row] = [(0, 0, 1, 0.5), (0, 0, 1, 0.5)]
    assert rows_of(soften(detections_of(rows), "linear")) == rows[:1]
    zero = soften(detections_of(rows), "linear", minimum_score=0)
    assert rows_of(zero) == [(0, 0, 1, 0.5), (0, 0, 1, 0)]


def test_without_overlap_softening_only_sorts() -> None:
    rows: list[Row] = [(0, 0, 1, 0.2), (0, 1, 2, 0.5), (1, 0, 1, 0.5), (0, 1.5, 1.5, 0.9)]
    expected = [rows[3], rows[1], rows[2], rows[0]]
    assert rows_of(soften(detections_of(rows))) == expected
    assert rows_of(soften(detections_of(rows), "linear", tiou=0)) == expected


@pytest.mark.parametrize("function", [suppress, soften])
def test_nothing_gives_nothing(function: Any) -> None:
    result = function(Detections(("a", "b")))
    assert len(result) == 0
    assert result.segments.shape == (0, 2)
    assert result.classes == ("a", "b")


@pytest.mark.parametrize("function", [suppress, soften])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, math.nan, 1, 1), "segment 1 must be finite"),
        ((0, 0, math.inf, 1), "segment 1 must be finite"),
        ((0, 2, 1, 1), "segment 1 must not end before it starts"),
        ((0, 0, 1, math.nan), "score 1 must be finite"),
        ((0, 0, 1, -math.inf), "score 1 must be finite"),
    ],
)
def test_bad_detections_are_refused_by_their_place(function: Any, row: Row, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(detections_of([(0, 0, 1, 1), row]))


def test_negative_scores_are_suppressed_but_not_softened() -> None:
    rows: list[Row] = [(0, 0, 1, -2), (0, 0, 1, -1)]
    assert rows_of(suppress(detections_of(rows))) == rows[1:]
    with pytest.raises(ValueError, match="score 0 must be at least 0, not -2"):
        soften(detections_of(rows))


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (suppress, {"tiou": -0.1}, r"tiou must be in \[0, 1\], not -0.1"),
        (suppress, {"tiou": math.nan}, r"tiou must be in \[0, 1\], not nan"),
        (soften, {"tiou": 1.5}, r"tiou must be in \[0, 1\], not 1.5"),
        (soften, {"sigma": 0}, "sigma must be positive and finite, not 0"),
        (soften, {"sigma": math.inf}, "sigma must be positive and finite, not inf"),
        (soften, {"minimum_score": -1}, "minimum_score must be finite and at least 0, not -1"),
        (soften, {"minimum_score": math.nan}, "minimum_score must be finite .* not nan"),
        (soften, {"decay": "cubic"}, "decay must be one of gaussian, linear, not 'cubic'"),
    ],
)
def test_options_out_of_range_are_refused(
    function: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        function(detections_of(ROWS), **options)


ONE = np.array([[0.0, 1.0]])
LABEL, SCORE = np.zeros(1, np.int64), np.ones(1)
SOFTENING: dict[str, Any] = {"decay": "linear", "sigma": 0.5, "minimum_score": 0.0}


@pytest.mark.parametrize(("function", "options"), [(core.suppress, {}), (core.soften, SOFTENING)])
@pytest.mark.parametrize(
    ("columns", "tiou", "error", "message"),
    [
        ((np.zeros(2), LABEL, SCORE), 0.5, ValueError, "segments must be 2D, not 1D"),
        ((np.zeros((1, 3)), LABEL, SCORE), 0.5, ValueError, r"shape \(N, 2\), not \(1, 3\)"),
        ((ONE, np.zeros(2, np.int64), SCORE), 0.5, ValueError, "classes must have 1 elements"),
        ((ONE, LABEL, np.ones(2)), 0.5, ValueError, "scores must have 1 elements, not 2"),
        ((ONE, np.zeros(1, np.int32), SCORE), 0.5, TypeError, "classes must be int64, not int32"),
        ((ONE.astype(np.float32), LABEL, SCORE), 0.5, TypeError, "segments must be float64"),
        ((ONE, LABEL, SCORE), 2.0, ValueError, r"tiou must be in \[0, 1\], not 2"),
    ],
)
def test_the_extension_refuses_what_it_cannot_read(
    function: Any,
    options: dict[str, Any],
    columns: Any,
    tiou: float,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        function(*columns, tiou=tiou, **options)


def test_the_extension_knows_two_decays() -> None:
    options = SOFTENING | {"decay": "x", "tiou": 0.5}
    with pytest.raises(ValueError, match="decay must be one of 'gaussian', 'linear', not 'x'"):
        core.soften(ONE, LABEL, SCORE, **options)


def naive_tious(detections: Detections) -> np.ndarray:
    """tIoU (N, N) of all pairs, and 0 for those of different classes."""
    starts, ends = detections.segments.T
    lengths = ends - starts
    shared = np.minimum(ends[:, None], ends) - np.maximum(starts[:, None], starts)
    shared = np.maximum(0, shared)
    together = lengths + lengths[:, None] - shared
    tious = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    return np.where(detections.labels[:, None] == detections.labels, tious, 0)


def naive_suppression(detections: Detections, tiou: float) -> list[int]:
    tious, kept = naive_tious(detections), []
    for i in np.argsort(-detections.scores, kind="stable").tolist():
        if not (tious[i, kept] > tiou).any():
            kept.append(i)
    return kept


def naive_softening(
    detections: Detections, decay: Decay, sigma: float, tiou: float, minimum: float
) -> list[tuple[int, float]]:
    tious, scores = naive_tious(detections), detections.scores.tolist()
    taken: list[tuple[int, float]] = []
    left = list(range(len(scores)))
    while left and max(scores[i] for i in left) >= minimum:
        best = max(left, key=lambda i: (scores[i], -i))
        left.remove(best)
        taken.append((best, scores[best]))
        for i in left:
            overlap = float(tious[best, i])
            if decay == "gaussian":
                scores[i] *= math.exp(-(overlap * overlap) / sigma)
            elif overlap > tiou:
                scores[i] *= 1 - overlap
    return taken


@st.composite
def on_a_grid(draw: st.DrawFn) -> Detections:
    """Few times and scores: many ties, duplicates, empty segments and simple fractions of tIoU."""
    row = st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 8), st.integers(0, 4))
    rows = draw(st.lists(row, max_size=40))
    return detections_of(
        [(c, start, start + length, score / 4) for c, start, length, score in rows]
    )


@st.composite
def of_many_lengths(draw: st.DrawFn) -> Detections:
    """Lengths over many decades around few places, more and less far from 0."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, decades = draw(st.integers(0, 150)), draw(st.sampled_from([0.1, 1, 6, 15]))
    lengths = 10 ** random.uniform(-decades, 0, count) * draw(st.sampled_from([1e-300, 1, 1e6]))
    places = random.choice(random.uniform(0, 1, 5), count) * draw(st.sampled_from([0, 1, 1e9]))
    starts = places - lengths * random.uniform(0, 1, count)
    labels = random.integers(0, 2, count)
    columns = (labels, starts, starts + lengths, random.uniform(0, 1, count))
    return detections_of(np.column_stack(columns).tolist())


DETECTIONS = st.one_of(on_a_grid(), of_many_lengths())
SHARES = st.one_of(
    st.sampled_from([0.0, 1e-12, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9, 0.99, 1.0]),
    st.floats(0, 1),
)


@settings(deadline=None, max_examples=300)
@given(detections=DETECTIONS, tiou=SHARES)
def test_suppression_equals_that_of_a_naive_twin(detections: Detections, tiou: float) -> None:
    kept = naive_suppression(detections, tiou)
    rows = rows_of(detections)
    assert rows_of(suppress(detections, tiou)) == [rows[i] for i in kept]


@settings(deadline=None, max_examples=200)
@given(
    detections=DETECTIONS,
    decay=st.sampled_from(["gaussian", "linear"]),
    sigma=st.floats(0.01, 10),
    tiou=SHARES,
    minimum=st.sampled_from([0, 0.001, 0.25, 0.5]),
)
def test_softening_equals_that_of_a_naive_twin(
    detections: Detections, decay: Decay, sigma: float, tiou: float, minimum: float
) -> None:
    softened = soften(detections, decay, sigma=sigma, tiou=tiou, minimum_score=minimum)
    rows = rows_of(detections)
    expected = naive_softening(detections, decay, sigma, tiou, minimum)
    assert rows_of(softened) == [(*rows[i][:3], score) for i, score in expected]


@settings(deadline=None, max_examples=100)
@given(detections=DETECTIONS, tiou=SHARES)
def test_suppressing_again_changes_nothing(detections: Detections, tiou: float) -> None:
    once = suppress(detections, tiou)
    assert rows_of(suppress(once, tiou)) == rows_of(once)
