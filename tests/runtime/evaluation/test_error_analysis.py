"""Kinds of errors: each by hand, all beside a naive twin, and what adds up."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.core import best_overlaps, mean_over_classes
from lpat.errors import UsageError
from lpat.evaluation.error_analysis import (
    DEPTH,
    FATES,
    KINDS,
    LengthBins,
    diagnose,
    fifths,
    length_bins,
)
from lpat.evaluation.matching import Matching
from lpat.evaluation.protocols import PROTOCOLS, Protocol, ProtocolOptions

MakeMatching = Callable[..., Matching]
Row = tuple[float, ...]

# Classes a and b in video 0, a in video 1.
TRUTHS = [(0, 0, 0, 10), (0, 1, 20, 30), (1, 0, 0, 10)]


def named(names: tuple[str, ...], counts: np.ndarray) -> dict[str, int]:
    """Counts that aren't 0."""
    return {name: count for name, count in zip(names, counts.tolist(), strict=True) if count}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ((0, 0, 0, 10), "true"),
        ((0, 0, 0, 5), "true"),  # exactly the threshold
        ((0, 0, 0, 4.9), "localization"),
        ((0, 0, 0, 1), "localization"),  # exactly the lowest tIoU
        ((0, 0, 0, 0.9), "background"),
        ((0, 0, 20, 30), "wrong_label"),
        ((0, 0, 20, 25), "wrong_label"),
        ((0, 0, 20, 24), "confusion"),
        ((0, 0, 20, 20.5), "background"),
        ((0, 0, 12, 18), "background"),
        ((0, 0, 5, 5), "background"),
        ((2, 0, 0, 10), "background"),  # a video without truths
        ((0, 0, 6, 22), "localization"),  # 4/22 of its own class, 2/24 of the other
        ((0, 0, 8, 24), "confusion"),  # 2/24 and 4/22
    ],
)
def test_each_kind_of_detection(make_matching: MakeMatching, row: Row, kind: str) -> None:
    diagnosis = diagnose(make_matching(TRUTHS, [(*row, 0.5)]))
    assert named(KINDS, diagnosis.kinds) == {kind: 1}


def test_a_second_detection_of_a_truth_is_double(make_matching: MakeMatching) -> None:
    diagnosis = diagnose(make_matching(TRUTHS, [(0, 0, 0, 9, 0.5), (0, 0, 0, 10, 0.4)]))
    assert named(KINDS, diagnosis.kinds) == {"true": 1, "double": 1}


def test_of_equal_overlaps_the_own_class_counts(make_matching: MakeMatching) -> None:
    truths = [(0, 1, 0, 10), (0, 0, 0, 10)]
    rows = [(0, 0, 0, 10, 0.9), (0, 0, 0, 10, 0.8), (0, 1, 0, 4, 0.7)]
    diagnosis = diagnose(make_matching(truths, rows))
    assert named(KINDS, diagnosis.kinds) == {"true": 1, "double": 1, "localization": 1}


def test_the_truth_overlapped_most_decides(make_matching: MakeMatching) -> None:
    # A second detection of class a that would be double, but lies better on class b.
    truths = [(0, 0, 0, 10), (0, 1, 0, 9)]
    rows = [(0, 0, 0, 10, 0.9), (0, 0, 0, 9, 0.8)]
    diagnosis = diagnose(make_matching(truths, rows))
    assert named(KINDS, diagnosis.kinds) == {"true": 1, "wrong_label": 1}
    assert diagnosis.mislabelled_pairs() == [("a", "b", 1)]
    assert diagnosis.to_dict()["wrong_labels"] == [{"detected": "a", "true": "b", "count": 1}]


def test_a_strict_threshold_holds_for_the_kinds_too(make_matching: MakeMatching) -> None:
    matching = make_matching(TRUTHS, [(0, 0, 0, 5, 0.5)], options=PROTOCOLS["thumos14"])
    assert named(KINDS, diagnose(matching).kinds) == {"localization": 1}


def test_the_kinds_are_told_apart_on_the_grid(make_matching: MakeMatching) -> None:
    # Two truths of 0.4 to 3.6 snippets become 0 to 4: half is enough there, and not in seconds.
    options = ProtocolOptions("first_truth", False, False, "none", 1.0)
    matching = make_matching([(0, 0, 0.4, 3.6)], [(0, 0, 0, 2, 0.5)] * 2, options=options)
    assert named(KINDS, diagnose(matching).kinds) == {"true": 1, "double": 1}


def test_the_best_ten_for_each_truth_are_judged(make_matching: MakeMatching) -> None:
    truths = [(0, 0, 0, 10), (0, 0, 20, 30), (0, 1, 0, 1)]
    rows = [(0, 0, 50, 60, 1 - i / 100) for i in range(25)]
    rows[2] = (0, 0, 0, 10, 0.98)
    rows[24] = (0, 0, 20, 30, 0.01)
    diagnosis = diagnose(make_matching(truths, [*rows, (0, 1, 0, 1, 0.1)]))
    assert diagnosis.kinds_by_rank.sum(axis=1).tolist() == [3, *[2] * 9]
    assert diagnosis.kinds_by_rank[:, 0].tolist() == [1, 1, *[0] * 8]
    assert diagnosis.kinds_by_class[:, 0].tolist() == [1, 1]
    assert diagnosis.beyond == 5
    assert named(FATES, diagnosis.fates) == {"found": 3}  # by whichever detection


def test_dropped_detections_take_no_rank(make_matching: MakeMatching) -> None:
    rows = [(0, 0, 50, 60, 1 - i / 100) for i in range(5)] + [(0, 0, 30, 31, 0.1)] * 12
    matching = make_matching(
        [(0, 0, 0, 10)], rows, ambiguous=[(0, 0, 55, 56)], options=PROTOCOLS["thumos14"]
    )
    diagnosis = diagnose(matching)
    assert (diagnosis.dropped, diagnosis.beyond) == (5, 2)
    assert named(KINDS, diagnosis.kinds) == {"background": 10}


@pytest.mark.parametrize(
    ("rows", "fate"),
    [
        ([], "unseen"),
        ([(0, 0, 0, 10, 0.5)], "found"),
        ([(0, 0, 0, 1, 0.5)], "badly_located"),
        ([(0, 1, 0, 10, 0.5)], "mislabelled"),
        ([(0, 1, 0, 1, 0.5)], "mislabelled"),
        ([(0, 1, 0, 10, 0.5), (0, 0, 0, 1, 0.4)], "badly_located"),
        ([(0, 0, 0, 0.5, 0.5), (1, 0, 0, 10, 0.5)], "unseen"),
    ],
)
def test_each_fate_of_a_truth(make_matching: MakeMatching, rows: list[Row], fate: str) -> None:
    diagnosis = diagnose(make_matching([(0, 0, 0, 10), (3, 1, 0, 10)], rows))
    assert named(FATES, diagnosis.fates_by_class[0]) == {fate: 1}


def test_what_a_kind_costs_by_hand(make_matching: MakeMatching) -> None:
    # One class, two truths: double, then true at rank 3 would make 1/2 * (1 + 2/3).
    truths = [(0, 0, 0, 10), (0, 0, 20, 30), (0, 0, 40, 50)]
    rows = [(0, 0, 0, 10, 0.9), (0, 0, 0, 9, 0.8), (0, 0, 60, 70, 0.7), (0, 0, 20, 30, 0.6)]
    diagnosis = diagnose(make_matching(truths, rows))
    assert diagnosis.mean_average_precision == pytest.approx((1 + 1 / 2) / 3)
    expected = {
        "double": (1 + 2 / 3) / 3 - 1 / 2,
        "wrong_label": 0,
        "localization": 0,
        "confusion": 0,
        "background": (1 + 2 / 3) / 3 - 1 / 2,
        "missed": (1 + 1 / 2) / 2 - 1 / 2,
    }
    assert diagnosis.gains == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("rule", "before"), [("zero", 1 / 3), ("skip", 1 / 2)])
def test_a_class_that_loses_all_its_detections_stays_at_zero(
    make_matching: MakeMatching, rule: Any, before: float
) -> None:
    options = ProtocolOptions("best_truth", False, True, "none", None, rule)
    truths = [(0, 0, 0, 10), (0, 1, 0, 10), (0, 2, 0, 10)]
    matching = make_matching(truths, [(0, 0, 0, 10, 0.9), (0, 1, 60, 70, 0.9)], options=options)
    diagnosis = diagnose(matching)
    assert diagnosis.mean_average_precision == pytest.approx(before)
    assert diagnosis.gains["background"] == diagnosis.gains["missed"] == 0


def test_instances_are_binned_by_their_own_length(make_matching: MakeMatching) -> None:
    truths = [(0, 0, 0, 2), (0, 0, 10, 15), (0, 0, 20, 40)]
    rows = [(0, 0, 10, 15, 0.9), (0, 0, 20, 24, 0.8), (0, 0, 0, 9, 0.7)]
    diagnosis = diagnose(make_matching(truths, rows), length_bounds=[3, 6, 12, 18])
    found, badly = diagnosis.fates_by_length[:, 0], diagnosis.fates_by_length[:, 1]
    assert found.tolist() == [0, 1, 0, 0, 0]
    assert badly.tolist() == [1, 0, 0, 0, 1]
    assert diagnosis.kinds_by_length[:, 0].tolist() == [0, 1, 0, 0, 0]
    assert diagnosis.kinds_by_length[:, 3].tolist() == [0, 1, 1, 0, 0]


def test_without_detections_everything_is_missed(make_matching: MakeMatching) -> None:
    diagnosis = diagnose(make_matching(TRUTHS, []))
    assert diagnosis.kinds_by_rank.shape == (DEPTH, len(KINDS))
    assert diagnosis.kinds.sum() == diagnosis.mean_average_precision == 0
    assert named(FATES, diagnosis.fates) == {"unseen": 3}
    assert set(diagnosis.gains.values()) == {0.0}
    assert diagnosis.mislabelled_pairs() == []


@pytest.mark.parametrize("tiou", [0.1, 0, 1.1, float("nan")])
def test_thresholds_that_leave_no_room_are_refused(
    make_matching: MakeMatching, tiou: float
) -> None:
    with pytest.raises(UsageError, match=r"errors are told apart at a tIoU in \(0.1, 1\], not"):
        diagnose(make_matching(TRUTHS, []), tiou=tiou)


EVENT = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 12), st.integers(0, 8), st.integers(0, 5)
).map(lambda row: (row[0], row[1], row[2] / 2, (row[2] + row[3]) / 2, row[4] / 4))


def tiou_of(one: Sequence[float], other: Sequence[float]) -> float:
    shared = max(0.0, min(one[3], other[3]) - max(one[2], other[2]))
    union = (one[3] - one[2]) + (other[3] - other[2]) - shared
    return shared / union if one[0] == other[0] and union > 0 else 0.0


def naive_kind(row: Row, truths: list[Row], strict: bool) -> str:
    """Kind of a detection that takes no truth, as it is told."""
    best = max(truths, key=lambda truth: (tiou_of(row, truth), truth[1] == row[1]))
    tiou, own = tiou_of(row, best), best[1] == row[1]
    if tiou > 0.5 if strict else tiou >= 0.5:
        return "double" if own else "wrong_label"
    if tiou >= 0.1:
        return "localization" if own else "confusion"
    return "background"


@pytest.mark.parametrize("protocol", ["activitynet", "thumos14"])
@settings(deadline=None, max_examples=60)
@given(
    truths=st.lists(EVENT, max_size=6),
    detections=st.lists(EVENT, max_size=30),
    ambiguous=st.lists(EVENT, max_size=2),
)
def test_kinds_and_gains_equal_a_naive_twin(
    make_matching: MakeMatching,
    protocol: Protocol,
    truths: list[Row],
    detections: list[Row],
    ambiguous: list[Row],
) -> None:
    options = PROTOCOLS[protocol]
    listed = [*(row[:4] for row in truths), (0.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)]
    doubtful = [row[:4] for row in ambiguous]
    matching = make_matching(listed, detections, ambiguous=doubtful, options=options)
    diagnosis = diagnose(matching)
    half = np.array([0.5])
    matches = matching.matches(half)[0]
    kinds: list[str] = [""] * len(detections)
    for label in (0, 1):
        depth = DEPTH * sum(truth[1] == label for truth in listed)
        ranked = sorted(
            (i for i, row in enumerate(detections) if row[1] == label and matches[i] != -2),
            key=lambda i: -detections[i][4],
        )
        for i in ranked[:depth]:
            true = matches[i] >= 0
            kinds[i] = "true" if true else naive_kind(detections[i], listed, options.strict)
    expected = {kind: kinds.count(kind) for kind in KINDS if kind in kinds}
    assert named(KINDS, diagnosis.kinds) == expected

    for kind in KINDS[1:]:
        rest = [row for row, its in zip(detections, kinds, strict=True) if its != kind]
        reduced = make_matching(listed, rest, ambiguous=doubtful, options=options)
        after = mean_over_classes(reduced.average_precisions(half))[0]
        gain = after - diagnosis.mean_average_precision
        assert diagnosis.gains[kind] == pytest.approx(gain, abs=1e-12)
        assert gain >= -1e-12


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
@settings(deadline=None, max_examples=40)
@given(
    truths=st.lists(EVENT, min_size=1, max_size=8),
    detections=st.lists(EVENT, max_size=40),
    ambiguous=st.lists(EVENT, max_size=3),
)
def test_everything_adds_up(
    make_matching: MakeMatching,
    protocol: Protocol,
    truths: list[Row],
    detections: list[Row],
    ambiguous: list[Row],
) -> None:
    listed = [*(row[:4] for row in truths), (0, 0, 0, 1), (0, 1, 0, 1)]
    matching = make_matching(
        listed,
        detections,
        ambiguous=[row[:4] for row in ambiguous],
        options=PROTOCOLS[protocol],
    )
    diagnosis = diagnose(matching)
    kinds = diagnosis.kinds
    assert kinds.sum() + diagnosis.dropped + diagnosis.beyond == len(detections)
    assert diagnosis.kinds_by_rank.sum(axis=0).tolist() == kinds.tolist()
    assert diagnosis.kinds_by_length.sum(axis=0).tolist() == kinds.tolist()
    assert diagnosis.fates.sum() == len(listed)
    assert diagnosis.fates_by_class.sum(axis=1).tolist() == matching.truth_counts.tolist()
    assert diagnosis.fates_by_length.sum(axis=0).tolist() == diagnosis.fates.tolist()
    assert diagnosis.wrong_labels.sum() == kinds[KINDS.index("wrong_label")]
    assert np.trace(diagnosis.wrong_labels) == 0
    assert (matching.matches(np.array([0.5])) >= 0).sum() == diagnosis.fates[0]


def overlap_arguments(truth: np.ndarray, rows: np.ndarray, **changes: Any) -> dict[str, Any]:
    return {
        "detection_videos": rows[:, 0].astype(np.int64),
        "detection_classes": rows[:, 1].astype(np.int64),
        "detection_segments": rows[:, 2:4].copy(),
        "truth_videos": truth[:, 0].astype(np.int64),
        "truth_classes": truth[:, 1].astype(np.int64),
        "truth_segments": truth[:, 2:4].copy(),
        "lowest_tiou": 0.1,
        "snippets_per_second": None,
    } | changes


@settings(deadline=None, max_examples=60)
@given(
    truths=st.lists(EVENT, max_size=10),
    detections=st.lists(EVENT, max_size=20),
    rate=st.sampled_from([None, 0.75]),
)
def test_overlaps_equal_a_naive_search(
    truths: list[Row], detections: list[Row], rate: float | None
) -> None:
    truth = np.array(truths, np.float64).reshape(-1, 5)
    rows = np.array(detections, np.float64).reshape(-1, 5)
    tious, nearest = best_overlaps(**overlap_arguments(truth, rows, snippets_per_second=rate))
    assert tious.shape == nearest.shape == (len(rows), 2)
    if rate:
        truth[:, 2:4] = np.round(truth[:, 2:4] * rate)
        rows[:, 2:4] *= rate
    for i, row in enumerate(rows):
        for column, same in enumerate((True, False)):
            best, which = 0.0, -1
            for j, other in enumerate(truth):
                tiou = tiou_of(row.tolist(), other.tolist())
                if (row[1] == other[1]) == same and tiou >= 0.1 and tiou > best:
                    best, which = tiou, j
            assert tious[i, column] == best
            assert nearest[i, column] == which


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"detection_segments": np.array([[0, np.nan]])}, ValueError, "detection segment 0 must"),
        ({"detection_classes": np.zeros(2, np.int64)}, ValueError, "detection_classes must have 1"),
        ({"truth_classes": np.zeros(1)}, TypeError, "truth_classes must be int64, not float64"),
        ({"truth_segments": np.array([[1.0, 0]])}, ValueError, "truth segment 0 must not end"),
        ({"lowest_tiou": 0.0}, ValueError, r"in \(0, 1\], not 0"),
        ({"lowest_tiou": np.nan}, ValueError, r"in \(0, 1\], not nan"),
        ({"snippets_per_second": 0.0}, ValueError, "must be positive, not 0"),
        ({"threads": -1}, ValueError, "threads must be at least 0, not -1"),
    ],
)
def test_overlaps_refuse_what_they_cannot_read(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    one = np.array([[0.0, 0, 0, 1, 0]])
    with pytest.raises(error, match=message):
        best_overlaps(**overlap_arguments(one, one, **changes))


def test_a_bin_holds_its_upper_bound() -> None:
    bins = LengthBins(np.array([3.0, 6, 12, 18]))
    assert bins.of(np.array([0, 3, 3.1, 6, 12, 18, 18.1, 100])).tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
    assert bins.intervals == ("up to 3 s", "3–6 s", "6–12 s", "12–18 s", "over 18 s")  # noqa: RUF001


def test_fifths_hold_as_many_each() -> None:
    lengths = np.random.default_rng(0).permutation(np.arange(1.0, 101))
    assert np.bincount(fifths(lengths).of(lengths)).tolist() == [20] * 5


def test_equal_lengths_share_a_bin() -> None:
    assert fifths(np.array([2.0])).of(np.array([1, 2, 3.0])).tolist() == [0, 0, 4]
    lengths = np.array([1.0] * 9 + [5])
    assert np.bincount(fifths(lengths).of(lengths), minlength=5).tolist() == [9, 0, 0, 0, 1]


def test_bounds_given_replace_the_fifths() -> None:
    assert length_bins([1, 2, 3, 4], np.ones(3)).bounds.tolist() == [1, 2, 3, 4]
    assert length_bins(None, np.ones(3)).bounds.tolist() == [1] * 4


@pytest.mark.parametrize("bounds", [[1, 2, 3], [1, 2, 4, 3], [-1, 2, 3, 4], [1, 2, 3, np.inf]])
def test_other_bounds_are_refused(bounds: list[float]) -> None:
    with pytest.raises(UsageError, match="four ascending lengths in seconds, not"):
        LengthBins(np.array(bounds))
