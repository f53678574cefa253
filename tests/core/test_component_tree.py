"""The component tree of a curve: hand-worked trees, naive twins, and the best disjoint nodes."""

import math
from itertools import combinations, pairwise
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.core import ComponentTree, component_tree, extract_segments, select_components

Interval = tuple[int, int]

LEVELS = st.integers(-4, 4).map(lambda value: value / 2)
CURVES = arrays.arrays(np.float64, st.integers(0, 24), elements=LEVELS)
SHORT_CURVES = arrays.arrays(np.float64, st.integers(0, 8), elements=LEVELS)


def intervals(tree: ComponentTree) -> list[Interval]:
    return [(first, stop) for first, stop in tree.snippets.tolist()]


def naive_intervals(values: np.ndarray) -> set[Interval]:
    """Connected components of all super-level sets, found level by level."""
    found = set()
    for level in values:
        above = np.concatenate([[False], values >= level, [False]]).astype(int)
        steps = np.diff(above)
        found |= set(zip(np.flatnonzero(steps > 0), np.flatnonzero(steps < 0), strict=True))
    return found


def naive_contrast(values: np.ndarray, first: int, stop: int) -> tuple[float, float]:
    """Contrast, and the share of the outside that the sequence has."""
    width = max(1, (stop - first) // 4)
    outside = [*values[max(0, first - width) : first], *values[stop : stop + width]]
    share = len(outside) / (2 * width) if outside else 1.0
    return values[first:stop].mean() - np.mean(outside or [0.0]), share


def best_total(places: list[Interval], gains: np.ndarray) -> float:
    """Largest sum of gains over all sets of pairwise disjoint intervals."""
    best = 0.0
    for size in range(1, len(places) + 1):
        for chosen in combinations(range(len(places)), size):
            ordered = sorted(places[i] for i in chosen)
            if all(a[1] <= b[0] for a, b in pairwise(ordered)):
                best = max(best, gains[list(chosen)].sum())
    return best


def test_components_come_in_order_of_time_the_longer_first() -> None:
    tree = component_tree(np.array([1.0, 3, 2, 0, 2, 2, 4]))
    assert intervals(tree) == [(0, 7), (0, 3), (1, 3), (1, 2), (4, 7), (6, 7)]
    assert tree.levels.tolist() == [0, 1, 2, 3, 2, 4]
    assert tree.parents.tolist() == [-1, 0, 1, 2, 0, 4]
    assert len(tree) == 6


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([-7], [(0, 1)]),
        ([5, 5, 5], [(0, 3)]),
        ([1, 2, 3], [(0, 3), (1, 3), (2, 3)]),
        ([3, 2, 1], [(0, 3), (0, 2), (0, 1)]),
        ([2, 2, 1, 2, 2], [(0, 5), (0, 2), (3, 5)]),
        ([1, 2, 1, 2, 1], [(0, 5), (1, 2), (3, 4)]),
        ([0.0, -0.0], [(0, 2)]),
    ],
)
def test_plateaus_slopes_and_the_smallest_sequences_have_trees(
    values: list[float], expected: list[Interval]
) -> None:
    tree = component_tree(np.array(values, np.float64))
    assert intervals(tree) == expected
    assert tree.snippets.shape == (len(expected), 2)


@settings(deadline=None, max_examples=150)
@given(values=CURVES)
def test_the_tree_holds_the_components_of_every_level_once(values: np.ndarray) -> None:
    tree = component_tree(values)
    found = intervals(tree)
    assert len(found) == len(set(found)) <= len(values)
    assert set(found) == naive_intervals(values)
    assert found == sorted(found, key=lambda place: (place[0], -place[1]))
    for i, (first, stop) in enumerate(found):
        assert tree.levels[i] == values[first:stop].min()
        around = [j for j, (a, b) in enumerate(found) if a <= first and stop <= b and j != i]
        smallest = min(around, key=lambda j: found[j][1] - found[j][0], default=-1)
        assert tree.parents[i] == smallest


@settings(deadline=None, max_examples=150)
@given(values=CURVES)
def test_contrasts_and_gains_equal_direct_means(values: np.ndarray) -> None:
    tree = component_tree(values)
    for i, (first, stop) in enumerate(intervals(tree)):
        contrast, share = naive_contrast(values, first, stop)
        assert tree.contrasts[i] == pytest.approx(contrast, rel=0, abs=1e-12)
        gain = contrast * abs(contrast) * (stop - first) * share
        assert tree.gains[i] == pytest.approx(gain, rel=0, abs=1e-10)


@settings(deadline=None, max_examples=150)
@given(values=SHORT_CURVES, data=st.data())
def test_no_disjoint_set_gains_more_than_the_selected_one(
    values: np.ndarray, data: st.DataObject
) -> None:
    tree = component_tree(values)
    whole_numbers = st.integers(-2, 6).map(float)  # so that ties are common and sums exact
    gains = data.draw(arrays.arrays(np.float64, len(tree), elements=whole_numbers))
    selected = select_components(tree, gains)
    places = [intervals(tree)[i] for i in selected]
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert (gains[selected] > 0).all()
    assert gains[selected].sum() == best_total(intervals(tree), gains)


def test_of_equal_gain_the_larger_component_is_selected() -> None:
    tree = component_tree(np.array([1.0, 2, 0, 3, 2, 3]))
    assert intervals(tree) == [(0, 6), (0, 2), (1, 2), (3, 6), (3, 4), (5, 6)]
    assert select_components(tree, np.array([7.0, 3, 3, 5, 2, 3])).tolist() == [1, 3]
    assert select_components(tree, np.array([8.0, 3, 3, 5, 2, 3])).tolist() == [0]
    assert select_components(tree, np.array([0.0, 0, -1, 0, 0, 0])).tolist() == []


@settings(deadline=None, max_examples=100)
@given(values=arrays.arrays(np.float64, st.integers(1, 24), elements=LEVELS))
def test_with_the_margins_sum_as_gain_the_selection_is_the_runs(values: np.ndarray) -> None:
    values[values == 0] = -0.25  # at the threshold itself a snippet adds nothing to either side
    tree = component_tree(values)
    gains = np.array([values[first:stop].sum() for first, stop in intervals(tree)])
    zeros = np.zeros(len(values), np.float32)
    runs = extract_segments(
        values.astype(np.float32)[:, None],
        zeros,
        np.arange(len(values) + 1.0),
        np.zeros(1, np.int64),
        boundary="snippet",
    )
    selected = select_components(tree, gains)
    assert tree.snippets[selected].tolist() == runs.snippets.tolist()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_chain_of_a_million_components_needs_no_recursion(reverse: bool) -> None:
    values = np.arange(1e6)
    tree = component_tree(values[::-1].copy() if reverse else values)
    assert len(tree) == 1_000_000
    gains = np.zeros(len(tree))
    gains[-1] = 1
    assert select_components(tree, gains).tolist() == [999_999]
    assert tree.snippets[-1].tolist() == ([0, 1] if reverse else [999_999, 1_000_000])


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.array([0, math.nan]), ValueError, r"values\[1\] isn't"),
        (np.array([-math.inf, 0]), ValueError, r"values\[0\] isn't"),
        (np.zeros((1, 1)), ValueError, r"values must be 1D, not 2D"),
        (np.zeros(1, np.float32), TypeError, r"values must be float64, not float32"),
    ],
)
def test_values_that_have_no_tree_are_refused(
    values: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        component_tree(values)


@pytest.mark.parametrize(
    ("gains", "message"),
    [
        (np.zeros(1), r"gains must have 2 elements, not 1"),
        (np.array([0, math.nan]), r"gains\[1\] isn't"),
        (np.array([math.inf, 0]), r"gains\[0\] isn't"),
    ],
)
def test_gains_that_do_not_fit_the_tree_are_refused(gains: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        select_components(component_tree(np.arange(2.0)), gains)
