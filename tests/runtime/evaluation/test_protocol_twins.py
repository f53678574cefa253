"""Every combination of the protocols' rules beside a naive twin, and where they must agree."""

from dataclasses import asdict, replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.annotations.reading import read_annotations
from lpat.annotations.thumos14 import read_ambiguous
from lpat.core import average_precisions, match_detections
from lpat.evaluation.protocols import PROTOCOLS, AmbiguousRule, Matcher, ProtocolOptions


def core_arguments(
    truths: np.ndarray, rows: np.ndarray, ambiguous: np.ndarray, tious: np.ndarray
) -> dict[str, Any]:
    """Rows are video, class, start, end, and for detections score; two classes."""
    return {
        "detection_videos": rows[:, 0].astype(np.int64),
        "detection_classes": rows[:, 1].astype(np.int64),
        "detection_segments": rows[:, 2:4].copy(),
        "detection_scores": rows[:, 4].copy(),
        "truth_videos": truths[:, 0].astype(np.int64),
        "truth_classes": truths[:, 1].astype(np.int64),
        "truth_segments": truths[:, 2:4].copy(),
        "ambiguous_videos": ambiguous[:, 0].astype(np.int64),
        "ambiguous_segments": ambiguous[:, 2:4].copy(),
        "tious": tious,
        "class_count": 2,
    }


def tiou_of(one: np.ndarray, other: np.ndarray) -> float:
    """tIoU of two rows, 0 in different videos."""
    shared = max(0.0, min(one[3], other[3]) - max(one[2], other[2]))
    union = (one[3] - one[2]) + (other[3] - other[2]) - shared
    return shared / union if one[0] == other[0] and union > 0 else 0.0


def naive_matches(
    truths: np.ndarray,
    rows: np.ndarray,
    ambiguous: np.ndarray,
    threshold: float,
    options: ProtocolOptions,
) -> np.ndarray:
    """Each detection's ground truth, -1 or -2, at one threshold; every rule as it is told."""
    if rate := options.snippets_per_second:
        truths, rows, ambiguous = truths.copy(), rows.copy(), ambiguous.copy()
        truths[:, 2:4] = np.round(truths[:, 2:4] * rate)
        ambiguous[:, 2:4] = np.round(ambiguous[:, 2:4] * rate)
        rows[:, 2:4] *= rate
    matches = np.full(len(rows), -1)
    touches = np.array([any(tiou_of(row, a) > 0 for a in ambiguous) for row in rows], bool)
    if options.ambiguous == "drop_all":
        matches[touches] = -2
    ranked = [i for i in np.argsort(-rows[:, 4], kind="stable") if matches[i] != -2]
    table = [[tiou_of(row, truth) * (row[1] == truth[1]) for truth in truths] for row in rows]

    def suffices(tiou: float) -> bool:
        return tiou > threshold if options.strict else tiou >= threshold

    if options.matcher == "best_detection":
        for j in range(len(truths)):
            free = [i for i in ranked if matches[i] == -1]
            best = max(free, key=lambda i: table[i][j], default=None)  # the first of equals
            if best is not None and suffices(table[best][j]):
                matches[best] = j
    else:
        for i in ranked:
            free = [j for j in range(len(truths)) if j not in matches and suffices(table[i][j])]
            if free and options.matcher == "first_truth":
                matches[i] = free[0]
            elif free:
                matches[i] = max(free, key=lambda j: (table[i][j], j))
    if options.ambiguous == "drop_unmatched":
        matches[touches & (matches == -1)] = -2
    return matches


def naive_precision(flags: np.ndarray, truths: int, interpolated: bool) -> float:
    """Average precision of a ranked list of true and false detections."""
    precision = flags.cumsum() / np.arange(1, len(flags) + 1)
    if interpolated:
        precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((precision * flags).sum() / truths)


EVENT = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.integers(0, 12), st.integers(0, 6), st.integers(0, 5)
).map(lambda row: (row[0], row[1], row[2] / 2, (row[2] + row[3]) / 2, row[4] / 4))
COMBINATIONS = [
    ProtocolOptions(*rules)
    for rules in product(
        get_args(Matcher), [False, True], [False, True], get_args(AmbiguousRule), [None, 1.5]
    )
]


def test_every_preset_is_among_the_combinations_up_to_its_grid() -> None:
    grids = {None: None, 25 / 16: 1.5}
    for options in PROTOCOLS.values():
        grid = grids[options.snippets_per_second]
        assert replace(options, snippets_per_second=grid) in COMBINATIONS


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@settings(deadline=None, max_examples=25)
@given(
    truths=st.lists(EVENT, max_size=10),
    detections=st.lists(EVENT, max_size=18),
    ambiguous=st.lists(EVENT, max_size=4),
)
def test_every_combination_of_rules_equals_its_naive_twin(
    options: ProtocolOptions,
    truths: list[tuple[float, ...]],
    detections: list[tuple[float, ...]],
    ambiguous: list[tuple[float, ...]],
) -> None:
    # Few distinct times and scores, so that ties of all kinds are common; a truth for each class.
    # Times and rates are exact in binary, so that both sides see the same ties.
    truth = np.array([*truths, (0, 0, 0, 1, 0), (0, 1, 0, 1, 0)], np.float64)
    rows = np.array(detections, np.float64).reshape(-1, 5)
    doubtful = np.array(ambiguous, np.float64).reshape(-1, 5)
    tious = np.array([0.1, 0.25, 0.5, 1.0])
    arguments = core_arguments(truth, rows, doubtful, tious) | asdict(options)
    expected = np.array([naive_matches(truth, rows, doubtful, t, options) for t in tious])
    np.testing.assert_array_equal(match_detections(**arguments), expected.reshape(4, -1))
    precisions = average_precisions(**arguments)
    order = np.argsort(-rows[:, 4], kind="stable")
    for label, k in product(range(2), range(4)):
        ranked = [i for i in order if rows[i, 1] == label and expected[k, i] != -2]
        flags = np.array([expected[k, i] >= 0 for i in ranked], np.float64)
        count = int((truth[:, 1] == label).sum())
        precision = naive_precision(flags, count, options.interpolated)
        assert precisions[label, k] == pytest.approx(precision, rel=0, abs=1e-12)


@st.composite
def disjoint_events(draw: st.DrawFn) -> list[tuple[float, ...]]:
    """Segments of two classes in two videos, disjoint within each; they may meet in a point."""
    events: list[tuple[float, ...]] = []
    for place, label in product(range(2), range(2)):
        times = sorted(draw(st.lists(st.integers(0, 40), max_size=10, unique=True)))
        for start, end in pairwise(times):
            if draw(st.booleans()):
                events.append((place, label, start, end, draw(st.integers(0, 5))))
    return draw(st.permutations(events))


@settings(deadline=None, max_examples=200)
@given(
    truths=disjoint_events(),
    detections=disjoint_events(),
    tiou=st.floats(0.5, 1, exclude_min=True),
    strict=st.booleans(),
)
def test_above_one_half_all_matchers_agree_on_disjoint_segments(
    truths: list[tuple[float, ...]],
    detections: list[tuple[float, ...]],
    tiou: float,
    strict: bool,
) -> None:
    truth = np.array(truths, np.float64).reshape(-1, 5)
    rows = np.array(detections, np.float64).reshape(-1, 5)
    arguments = core_arguments(truth, rows, np.zeros((0, 5)), np.array([tiou]))
    answers = [
        match_detections(
            **arguments,
            matcher=matcher,
            strict=strict,
            interpolated=True,
            ambiguous="none",
            snippets_per_second=None,
            empty_class="zero",
        )
        for matcher in get_args(Matcher)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_array_equal(answers[0], answers[2])


def snippets(row: np.ndarray) -> set[int]:
    """Whole snippets of 16 frames at 25 frames per second between a row's rounded times."""
    return set(range(round(row[2] * 25 / 16), round(row[3] * 25 / 16)))


def test_on_the_grid_wtalc_compares_sets_of_snippets(shared_data: Path) -> None:
    """As W-TALC's code does, on THUMOS'14 and detections that are its segments shaken."""
    folder = shared_data / "thumos14"
    videos = read_annotations(folder / "annotations.json").in_subset("test")[:60]
    listed = read_ambiguous(folder / "ambiguous_test.txt")
    truth = np.array([(n, 0, *times, 0) for n, v in enumerate(videos) for times in v.segments])
    doubtful = np.array(
        [(n, 0, *times, 0) for n, v in enumerate(videos) for times in listed.get(v.name, ())]
    )
    assert len(doubtful) > 5
    random = np.random.default_rng(0)
    rows = np.concatenate([truth, truth, doubtful])
    edges = np.round(rows[:, 2:4] * 25 / 16) + random.integers(-2, 3, (len(rows), 2))
    edges[:, 1] = np.maximum(edges[:, 1], edges[:, 0] + 1)
    rows[:, 2:4], rows[:, 4] = edges * (16 / 25), random.permutation(len(rows))

    tious = np.array([0.25, 0.5, 0.75])
    arguments = core_arguments(truth, rows, doubtful, tious) | asdict(PROTOCOLS["wtalc"])
    matches = match_detections(**arguments)
    sets = [snippets(row) for row in truth]
    for k, threshold in enumerate(tious):
        expected = np.full(len(rows), -1)
        for i in np.argsort(-rows[:, 4]):
            mine = snippets(rows[i])
            if any(mine & snippets(a) for a in doubtful if a[0] == rows[i, 0]):
                expected[i] = -2
                continue
            for j in np.flatnonzero(truth[:, 0] == rows[i, 0]):
                tiou = len(mine & sets[j]) / len(mine | sets[j])
                if j not in expected and tiou >= threshold:
                    expected[i] = j
                    break
        np.testing.assert_array_equal(matches[k], expected)
        assert {-2, -1} < set(matches[k])
