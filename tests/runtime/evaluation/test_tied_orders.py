"""The range that ties leave a figure, against every order of small cases."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby, permutations, product
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lpat.core import average_precision_ranges, average_precisions
from lpat.evaluation.protocols import PROTOCOLS, AmbiguousRule, Matcher, ProtocolOptions

TIOUS = np.array([0.25, 0.5])
COMBINATIONS = [
    ProtocolOptions(*rules, None)
    for rules in product(get_args(Matcher), [False, True], [False, True], get_args(AmbiguousRule))
]
Row = tuple[float, ...]  # video, start, end, score

# Few distinct times and scores: ties of tIoU and of score, and copies, are common.
EVENT = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(1, 6), st.integers(0, 1)).map(
    lambda row: (row[0], row[1] / 2, (row[1] + row[2]) / 2, row[3] / 2)
)


def arguments(truths: list[Row], rows: list[Row], doubtful: list[Row]) -> dict[str, Any]:
    truth, found, unclear = (
        np.array(its, np.float64).reshape(-1, 4) for its in (truths, rows, doubtful)
    )
    return {
        "detection_videos": found[:, 0].astype(np.int64),
        "detection_classes": np.zeros(len(found), np.int64),
        "detection_segments": found[:, 1:3].copy(),
        "detection_scores": found[:, 3].copy(),
        "truth_videos": truth[:, 0].astype(np.int64),
        "truth_classes": np.zeros(len(truth), np.int64),
        "truth_segments": truth[:, 1:3].copy(),
        "ambiguous_videos": unclear[:, 0].astype(np.int64),
        "ambiguous_segments": unclear[:, 1:3].copy(),
        "tious": TIOUS,
        "class_count": 1,
    }


def orders(rows: list[Row]) -> Iterator[list[Row]]:
    """The rows in every order that their scores allow."""
    ranked = sorted(rows, key=lambda row: -row[3])
    groups = [list(its) for _, its in groupby(ranked, key=lambda row: row[3])]
    for choice in product(*(set(permutations(group)) for group in groups)):
        yield [row for group in choice for row in group]


def of_every_order(
    truths: list[Row], rows: list[Row], doubtful: list[Row], options: ProtocolOptions
) -> np.ndarray:
    """Average precisions (orders, K)."""
    return np.array(
        [
            average_precisions(**arguments(truths, its, doubtful), **asdict(options), threads=1)[0]
            for its in orders(rows)
        ]
    )


def suffices_for_two(truths: list[Row], rows: list[Row]) -> bool:
    """Whether any row has a tIoU of 0.25 or more with two truths."""

    def tiou(one: Row, other: Row) -> float:
        shared = max(0.0, min(one[2], other[2]) - max(one[1], other[1]))
        return (one[0] == other[0]) * shared / (one[2] - one[1] + other[2] - other[1] - shared)

    return any(sum(tiou(row, truth) >= 0.25 for truth in truths) > 1 for row in rows)


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@settings(deadline=None, max_examples=40)
@given(
    truths=st.lists(EVENT, min_size=1, max_size=4),
    rows=st.lists(EVENT, max_size=6),
    doubtful=st.lists(EVENT, max_size=1),
)
def test_no_order_of_ties_leaves_the_range(
    options: ProtocolOptions, truths: list[Row], rows: list[Row], doubtful: list[Row]
) -> None:
    every = of_every_order(truths, rows, doubtful, options)
    bounds = average_precision_ranges(**arguments(truths, rows, doubtful), **asdict(options))[0]
    if not rows and options.empty_class == "skip":
        assert np.isnan(bounds).all()
        return
    assert (bounds[:, 0] <= every.min(axis=0) + 1e-12).all()
    assert (bounds[:, 1] >= every.max(axis=0) - 1e-12).all()


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@settings(deadline=None, max_examples=40)
@given(
    truths=st.lists(EVENT, min_size=1, max_size=3),
    rows=st.lists(EVENT, max_size=6),
    doubtful=st.lists(EVENT, max_size=1),
)
def test_orders_attain_the_range_where_no_detection_suffices_for_two_truths(
    options: ProtocolOptions, truths: list[Row], rows: list[Row], doubtful: list[Row]
) -> None:
    assume(not suffices_for_two(truths, rows))
    every = of_every_order(truths, rows, doubtful, options)
    bounds = average_precision_ranges(**arguments(truths, rows, doubtful), **asdict(options))[0]
    np.testing.assert_allclose(bounds[:, 0], every.min(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(bounds[:, 1], every.max(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("protocol", [*PROTOCOLS])
def test_outcomes_too_many_to_go_through_are_bounded(protocol: Any) -> None:
    """A hundred detections of one score that suffice for several of sixty truths each."""
    random = np.random.default_rng(0)
    starts = np.sort(random.integers(0, 40, 60)) / 2
    truths: list[Row] = [(0, start, start + 8, 0) for start in starts]
    rows: list[Row] = [
        (0, start, start + 8, score)
        for start, score in zip(
            random.integers(0, 40, 100) / 2, random.integers(0, 2, 100), strict=True
        )
    ]
    rules = asdict(PROTOCOLS[protocol])
    bounds = average_precision_ranges(**arguments(truths, rows, []), **rules)[0]
    assert (bounds[:, 0] < bounds[:, 1]).all()
    for _ in range(20):
        order = [rows[index] for index in random.permutation(len(rows))]
        found = average_precisions(**arguments(truths, order, []), **rules)[0]
        assert (bounds[:, 0] <= found).all()
        assert (found <= bounds[:, 1]).all()


def test_the_range_of_a_case_worked_by_hand() -> None:
    """Of one score: A hits the first truth, so does B, C hits nothing; D, lower, the second."""
    truths: list[Row] = [(0, 0, 2, 0), (0, 10, 12, 0)]
    rows: list[Row] = [(0, 0, 2, 1), (0, 0, 2, 1), (0, 5, 7, 1), (0, 10, 12, 0)]
    rules: dict[str, Any] = asdict(PROTOCOLS["wtalc"]) | {"snippets_per_second": None}
    bounds = average_precision_ranges(**arguments(truths, rows, []), **rules)
    # At best A, B, C, D: (1 / 1 + 2 / 4) / 2. At worst C, A, B, D: (1 / 2 + 2 / 4) / 2.
    np.testing.assert_allclose(bounds, [[[0.5, 0.75]] * 2])


def test_without_ties_the_range_is_the_figure() -> None:
    truths: list[Row] = [(0, 0, 2, 0), (0, 1, 3, 0), (1, 4, 6, 0)]
    rows: list[Row] = [(0, 0, 3, 0.9), (0, 1, 2, 0.8), (1, 4, 6, 0.7), (1, 4, 5, 0.6)]
    for options in COMBINATIONS:
        every = of_every_order(truths, rows, [], options)
        bounds = average_precision_ranges(**arguments(truths, rows, []), **asdict(options))[0]
        np.testing.assert_allclose(bounds, np.repeat(every.T, 2, axis=1), rtol=0, atol=1e-12)


def test_a_class_that_is_skipped_has_no_range() -> None:
    rules: dict[str, Any] = asdict(PROTOCOLS["activitynet"]) | {"empty_class": "skip"}
    assert np.isnan(average_precision_ranges(**arguments([(0, 0, 1, 0)], [], []), **rules)).all()
