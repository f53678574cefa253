"""Precision over recall: by hand, and its sum is the average precision."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.evaluation.matching import Matching
from lpat.evaluation.precision_recall import precision_recall_curves
from lpat.evaluation.protocols import PROTOCOLS, Protocol

MakeMatching = Callable[..., Matching]
Row = tuple[float, ...]

TRUTHS = [(0, 0, 0, 10), (0, 0, 20, 30), (1, 0, 0, 10), (0, 1, 0, 10)]
# True at ranks 1, 3 and 4 of the first class.
ROWS = [
    (0, 0, 0, 10, 0.9),
    (0, 0, 50, 60, 0.8),
    (0, 0, 20, 30, 0.7),
    (1, 0, 0, 10, 0.6),
    (0, 1, 50, 60, 0.5),
]
HALF = np.array([0.5])


def test_curves_of_a_hand_worked_list(make_matching: MakeMatching) -> None:
    options = replace(PROTOCOLS["activitynet"], interpolated=False)
    (plain,) = precision_recall_curves(make_matching(TRUTHS, ROWS, options=options), HALF).curves
    np.testing.assert_allclose(plain[0].recall, [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(plain[0].precision, [1, 2 / 3, 3 / 4])
    assert plain[1].recall.shape == plain[1].precision.shape == (0,)
    (lifted,) = precision_recall_curves(make_matching(TRUTHS, ROWS), HALF).curves
    np.testing.assert_allclose(lifted[0].precision, [1, 3 / 4, 3 / 4])


def test_levels_take_the_first_true_detection_that_reaches_them(
    make_matching: MakeMatching,
) -> None:
    curves = precision_recall_curves(make_matching(TRUTHS, ROWS), HALF)
    first = curves.at_levels[0, 0]
    assert first[:34].tolist() == [1] * 34  # a third is reached by one of three
    assert first[34:].tolist() == [0.75] * 67
    np.testing.assert_allclose(curves.mean[0], (first + 0) / 2)


def test_a_recall_on_a_level_is_reached_however_it_rounds(make_matching: MakeMatching) -> None:
    # 29 of 100 truths are found; 0.29 * 100 is a little less than 29 in binary.
    truths = [(0, 0, 10 * i, 10 * i + 5) for i in range(100)]
    rows = [(*truth, 1 - i / 100) for i, truth in enumerate(truths[:29])]
    levels = precision_recall_curves(make_matching(truths, rows), HALF).at_levels[0, 0]
    assert np.flatnonzero(levels)[-1] == 29


@pytest.mark.parametrize(("rule", "expected"), [("zero", 0.5), ("skip", 1.0)])
def test_classes_left_out_do_not_count_in_the_mean(
    make_matching: MakeMatching, rule: str, expected: float
) -> None:
    options = replace(PROTOCOLS["activitynet"], empty_class=rule)
    matching = make_matching([(0, 0, 0, 10), (0, 1, 0, 10)], [(0, 0, 0, 10, 1)], options=options)
    assert precision_recall_curves(matching, HALF).mean[0].tolist() == [expected] * 101
    nothing = make_matching([(0, 0, 0, 10)], [], options=options)
    assert precision_recall_curves(nothing, HALF).mean.tolist() == [[0] * 101]


EVENT = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 12), st.integers(0, 6), st.integers(0, 5)
).map(lambda row: (row[0], row[1], row[2] / 2, (row[2] + row[3]) / 2, row[4] / 4))


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
@settings(deadline=None, max_examples=40)
@given(
    truths=st.lists(EVENT, max_size=10),
    detections=st.lists(EVENT, max_size=20),
    ambiguous=st.lists(EVENT, max_size=3),
)
def test_curves_sum_to_the_average_precision(
    make_matching: MakeMatching,
    protocol: Protocol,
    truths: list[Row],
    detections: list[Row],
    ambiguous: list[Row],
) -> None:
    matching = make_matching(
        [*(row[:4] for row in truths), (0, 0, 0, 1), (0, 1, 0, 1)],
        detections,
        ambiguous=[row[:4] for row in ambiguous],
        options=PROTOCOLS[protocol],
    )
    tious = np.array([0.1, 0.5, 1.0])
    curves = precision_recall_curves(matching, tious)
    sums = [[curve.precision.sum() for curve in at_threshold] for at_threshold in curves.curves]
    precisions = np.transpose(sums) / matching.truth_counts[:, None]
    np.testing.assert_allclose(precisions, matching.average_precisions(tious), atol=1e-12)
    for at_threshold in curves.curves:
        for curve in at_threshold:
            assert (np.diff(curve.recall) > 0).all()
            assert ((curve.precision > 0) & (curve.precision <= 1)).all()
