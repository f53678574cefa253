"""Level sets as proposals: hand-worked cases, a naive twin, and detections."""

import math
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.one_class import of_one_class

from lpat.core import LevelSets, extract_level_sets, extract_segments
from lpat.errors import UsageError
from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.types import Scores

LEVELS = st.integers(-6, 6).map(lambda value: value / 2)


def propose(curve: Any, **changes: Any) -> LevelSets:
    """Level sets of one class, by default with threshold 0 and snippets of one second."""
    return extract_level_sets(**of_one_class(curve, **changes))


def sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(value, np.float64)))


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        # The levels are -0.5, 0, 2 and 4: of two peaks, apart above 2 and one above the lowest.
        ([-9, 4, 3, 0, 3, -9], [(1, 5, -0.5), (1, 3, 0), (4, 5, 0)]),
        ([-9, 4, 3, 1, 4, -9], [(1, 5, -0.5), (1, 3, 2), (4, 5, 2)]),
        ([4, 4, 4, 4], [(0, 4, 0)]),  # flat: of -0.5, 0 and 2, the middle one
        ([4], [(0, 1, 0)]),
        ([-0.25, -0.25], [(0, 2, -0.5)]),  # nothing above 0
        ([-0.5, -1], []),
        ([], []),
    ],
)
def test_runs_above_each_level_come_once(
    curve: list[float], expected: list[tuple[int, int, float]]
) -> None:
    found = propose(curve, highest_share=1.0, count=4)
    assert [
        (*pair, level) for pair, level in zip(found.snippets.tolist(), found.level, strict=True)
    ] == expected


def test_a_set_says_how_it_stands_out() -> None:
    found = propose([-1, 0, 3, 5, -1, 0], count=1, sharpness=2.0)
    assert found.snippets.tolist() == [[2, 4]]
    assert found.peak.tolist() == [5]
    assert found.mean_margin.tolist() == [4]
    inside = sigmoid([6, 10]).mean()
    assert found.mean_gate == pytest.approx([inside], abs=1.1e-6)
    assert found.contrast == pytest.approx([inside - sigmoid([0, -2]).mean()], abs=2.2e-6)


def test_the_runs_of_level_zero_are_those_of_extract_segments() -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=(500, 20)).astype(np.float32)
    threshold = random.normal(size=(500, 20)).astype(np.float32)
    edges, classes = np.arange(501.0), np.arange(20)
    runs = extract_segments(scores, threshold, edges, classes, boundary="crossing")
    sets = extract_level_sets(scores, threshold, edges, classes, count=1, boundary="crossing")
    np.testing.assert_array_equal(sets.classes, runs.classes)
    np.testing.assert_array_equal(sets.snippets, runs.snippets)
    np.testing.assert_allclose(sets.segments, runs.segments, rtol=0, atol=1e-6)
    np.testing.assert_allclose(sets.mean_gate, runs.mean_probability, rtol=0, atol=2e-6)


def naive_sets(
    margin: np.ndarray,
    edges: np.ndarray,
    options: dict[str, Any],
) -> list[list[float]]:
    """[first, stop, start, end, level, peak, mean margin, mean gate, contrast] of each set."""
    T, count, highest = len(margin), options["count"], margin.max(initial=0).astype(float)
    levels = [0.0] if count == 1 else [options["lowest"], 0.0]
    if highest > 0:
        levels += [
            options["highest_share"] * highest * k / (count - 2) for k in range(1, count - 1)
        ]
    of_run: dict[tuple[int, int], list[float]] = {}
    for level in np.array(levels, np.float32).tolist():
        above = np.concatenate([[0], margin > level, [0]]).astype(int)
        firsts, stops = np.flatnonzero(np.diff(above) == 1), np.flatnonzero(np.diff(above) == -1)
        for run in zip(firsts.tolist(), stops.tolist(), strict=True):
            of_run.setdefault(run, []).append(level)
    gate = sigmoid(np.float32(options["sharpness"]) * margin)
    centres = (edges[:-1] + edges[1:]) / 2
    rows = []
    for first, stop in sorted(of_run, key=lambda run: (run[0], -run[1])):
        owners = of_run[first, stop]
        level = owners[(len(owners) - 1) // 2]
        start, end = edges[first], edges[stop]
        wide = margin.astype(float)
        if options["boundary"] == "crossing" and first > 0:
            start = np.interp(level, wide[first - 1 : first + 1], centres[first - 1 : first + 1])
        if options["boundary"] == "crossing" and stop < T:
            end = np.interp(-level, -wide[stop - 1 : stop + 1], centres[stop - 1 : stop + 1])
        if stop - first < options["minimum_snippets"] or not start < end:
            continue
        width = max(1, (stop - first) // 4)
        outside = np.concatenate([gate[max(0, first - width) : first], gate[stop : stop + width]])
        inside = gate[first:stop].mean()
        row = [first, stop, start, end, level, wide[first:stop].max(), wide[first:stop].mean()]
        rows.append([*row, inside, inside - (outside.mean() if len(outside) else 0.5)])
    return rows


def assert_equal_to_twin(
    scores: np.ndarray, threshold: np.ndarray, edges: np.ndarray, options: dict[str, Any]
) -> None:
    """All classes are asked for, the last first."""
    T, C = scores.shape
    found = extract_level_sets(scores, threshold, edges, np.arange(C)[::-1].copy(), **options)
    full = np.broadcast_to(threshold if threshold.ndim == 2 else threshold[:, None], (T, C))
    rows = np.column_stack(
        [
            *(found.classes, found.snippets, found.segments, found.level, found.peak),
            *(found.mean_margin, found.mean_gate, found.contrast),
        ]
    )
    expected = [
        [column, *row]
        for column in reversed(range(C))
        for row in naive_sets(scores[:, column] - full[:, column], edges, options)
    ]
    errors = np.abs(rows - np.array(expected).reshape(-1, 10))
    assert (errors <= [*[1e-12] * 8, 1.1e-6, 2.2e-6]).all()  # gates are floats


@settings(deadline=None, max_examples=100)
@given(data=st.data(), per_class=st.booleans())
def test_level_sets_equal_those_of_a_naive_twin(data: st.DataObject, per_class: bool) -> None:
    T, C = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 3))
    scores = data.draw(arrays.arrays(np.float32, (T, C), elements=LEVELS))
    shape = (T, C) if per_class else T
    threshold = data.draw(arrays.arrays(np.float32, shape, elements=LEVELS))
    steps = data.draw(st.lists(st.sampled_from([0, 0.25, 0.64, 1.0]), min_size=T, max_size=T))
    options = {
        "lowest": data.draw(st.sampled_from([-0.5, 0.0, -2.0])),
        "highest_share": data.draw(st.sampled_from([0.8, 1.0, 0.5, 0.0])),
        "count": data.draw(st.sampled_from([7, 1, 2, 3, 64])),
        "sharpness": data.draw(st.sampled_from([1.0, 0.5, 4.0])),
        "boundary": data.draw(st.sampled_from(["snippet", "crossing"])),
        "minimum_snippets": data.draw(st.integers(1, 3)),
    }
    edges = np.array([0.0, *steps], np.float64).cumsum()
    assert_equal_to_twin(scores, threshold, edges, options)


@pytest.mark.parametrize("per_class", [False, True])
def test_long_sets_of_many_classes_equal_those_of_a_naive_twin(per_class: bool) -> None:
    random = np.random.default_rng(3)
    T, C = 900, 40
    waves = 3 * np.sin(np.arange(T)[:, None] / random.uniform(1, 300, C))
    scores = (waves + random.normal(0, 0.05, (T, C))).astype(np.float32)
    threshold = random.uniform(-0.3, 0.2, (T, C) if per_class else T).astype(np.float32)
    options = {
        **{"lowest": -0.5, "highest_share": 0.8, "count": 7, "sharpness": 1.0},
        **{"boundary": "crossing", "minimum_snippets": 2},
    }
    assert_equal_to_twin(scores, threshold, np.arange(T + 1) * 0.64, options)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.full((3, 1), np.nan, np.float32)}, r"scores\[0, 0\] isn't"),
        ({"threshold": np.full(3, np.inf, np.float32)}, r"threshold\[0, 0\] isn't"),
        ({"lowest": 0.5}, "lowest must be a finite margin of at most 0, not 0.5"),
        ({"lowest": math.nan}, "lowest must be a finite margin"),
        ({"highest_share": 1.1}, "highest_share must be from 0 to 1, not 1.1"),
        ({"count": 0}, "count must be from 1 to 64, not 0"),
        ({"count": 65}, "count must be from 1 to 64, not 65"),
        ({"sharpness": 0.0}, "sharpness must be positive and finite, not 0"),
        ({"minimum_snippets": 0}, "minimum_snippets must be positive, not 0"),
        ({"boundary": "x"}, "boundary must be one of 'snippet', 'crossing', not 'x'"),
    ],
)
def test_what_level_sets_cannot_be_made_of_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        propose([0, 1, 0], **changes)


def scores_of(values: Any, background: float = 0.0) -> Scores:
    table = np.array(values, np.float32)
    threshold = np.full(len(table), background, np.float32)
    C = table.shape[1]
    probabilities = np.full(C + 1, 1 / (C + 1), np.float32)
    return Scores(tuple("abc"[:C]), table, threshold, probabilities, np.arange(len(table) + 1.0))


TWO_PEAKS = [-3.0] * 6 + [6.0] * 8 + [1.0] * 8 + [6.0] * 8 + [-3.0] * 6


def test_detections_from_levels_part_what_one_threshold_melts_into_one() -> None:
    scores = scores_of(np.array(TWO_PEAKS)[:, None])
    runs = detect(scores, PostProcessing())
    assert runs.segments.tolist() == [[6, 30]]
    levels = detect(scores, PostProcessing(proposals="levels"))
    assert levels.segments.tolist() == [[6, 30], [6, 14], [22, 30]]
    assert (np.diff(levels.scores) <= 0).all()
    inside, between, outside = (sigmoid(1.5 * margin) for margin in (6, 1, -3))
    whole = (16 * inside + 8 * between) / 24 - outside
    peak = inside - (outside + between) / 2
    expected = [0.3 * 6 + 3 * whole, 0.3 * 6 + 3 * peak, 0.3 * 6 + 3 * peak]
    assert levels.scores == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("overlap", "expected"), [(0.0, 1), (0.2, 1), (0.4, 3), (1.0, 3)])
def test_what_overlaps_a_better_segment_of_its_class_is_suppressed(
    overlap: float, expected: int
) -> None:
    scores = scores_of(np.array(TWO_PEAKS)[:, None])
    assert len(detect(scores, PostProcessing(proposals="levels", overlap=overlap))) == expected


def test_classes_do_not_suppress_each_other() -> None:
    curve = np.array([-3.0, 5.0, 5.0, -3.0])
    found = detect(scores_of(np.stack([curve, curve], axis=1)), PostProcessing(proposals="levels"))
    assert found.labels.tolist() == [0, 1]
    assert found.segments.tolist() == [[1, 3], [1, 3]]


def test_the_options_of_levels_reach_the_core() -> None:
    scores = scores_of(np.array(TWO_PEAKS)[:, None])

    def found(**options: Any) -> Any:
        chosen = PostProcessing(proposals="levels", overlap=1.0, **options)
        return detect(scores, chosen).segments.tolist()

    assert found(levels=1) == [[6, 30]]
    assert found(lowest_level=-4.0, levels=2) == [[6, 30], [0, 36]]
    assert found(highest_level=0.1) == [[6, 30]]
    assert found(minimum_snippets=9) == [[6, 30]]
    assert found(levels=1, boundary="crossing") == [
        [pytest.approx(5.5 + 1 / 3), pytest.approx(30.5 - 1 / 3)]
    ]
    sharp = PostProcessing(proposals="levels", levels=1, sharpness=100.0)
    assert detect(scores, sharp).scores == pytest.approx([0.3 * 6 + 3])


def test_levels_are_relative_to_the_manual_threshold() -> None:
    scores = scores_of(np.array(TWO_PEAKS)[:, None], background=50.0)
    assert len(detect(scores, PostProcessing(proposals="levels"))) == 0
    manual = detect(scores, PostProcessing(proposals="levels", threshold="manual", levels=1))
    assert manual.segments.tolist() == [[6, 14], [22, 30]]  # above (6 - 3) / 2


def test_no_snippets_give_no_detections_from_levels() -> None:
    assert len(detect(scores_of(np.zeros((0, 2))), PostProcessing(proposals="levels"))) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 0}, "levels must be a whole number from 1 to 64, not 0"),
        ({"levels": 65}, "levels must be a whole number from 1 to 64, not 65"),
        ({"levels": 7.0}, "levels must be a whole number"),
        ({"levels": True}, "levels must be a whole number"),
        ({"lowest_level": 0.1}, "lowest_level must be a number from -1000 to 0, not 0.1"),
        ({"lowest_level": math.nan}, "lowest_level must be a number"),
        ({"highest_level": 1.5}, "highest_level must be a number from 0 to 1, not 1.5"),
        ({"overlap": "x" * 1000}, "overlap must be a number from 0 to 1, not 'x{39}$"),
        ({"overlap": None}, "overlap must be a number"),
        ({"sharpness": 0}, "sharpness must be a number from 0.001 to 1000, not 0"),
        ({"sharpness": True}, "sharpness must be a number"),
    ],
)
def test_options_of_levels_out_of_bounds_are_refused(options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PostProcessing(**options)
