"""The level of a rate of false alarms: moved by its table, following a video, read from a file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lpat.errors import ModelError, UsageError
from lpat.segments.level import DOUBT, LevelTable, leveled, shifted, table_from_json, upper_margin
from lpat.types import Scores

TABLE = LevelTable(
    0.01, (0.001, 0.01, 0.1), np.array([[2.0, 3.0], [0.0, 0.0], [-1.0, -4.0]]), ("b",), 0.5, 0.5
)
GOOD = TABLE.to_json()
NONE_SELECTED = np.array([], np.int64)


def scores_of(margins: list[list[float]], probabilities: list[float]) -> Scores:
    """Scores whose background rises from 0 by one a snippet."""
    background = np.arange(len(margins), dtype=np.float32)
    return Scores(
        ("a", "b"),
        np.array(margins, np.float32) + background[:, None],
        background,
        np.array(probabilities, np.float32),
        np.arange(len(margins) + 1.0),
    )


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (0.001, [2, 3]),
        (0.1, [-1, -4]),
        (10**-2.5, [1, 1.5]),  # half way between the logarithms
        (10**-1.5, [-0.5, -2]),
        (10**-1.25, [-0.75, -3]),
    ],
)
def test_between_known_rates_margins_are_linear_in_the_logarithm(
    rate: float, expected: list[float]
) -> None:
    np.testing.assert_allclose(TABLE.shifts(rate), expected, atol=1e-12)


def test_at_the_models_own_rate_nothing_moves_even_where_the_table_lacks_it() -> None:
    lacking = replace(TABLE, rates=(0.001, 0.1), margins=TABLE.margins[[0, 2]])
    for table in (TABLE, lacking):
        np.testing.assert_array_equal(table.shifts(0.01), [0, 0])
        np.testing.assert_allclose(table.shifts(10**-2.5), [1, 1.5], atol=1e-12)


def test_a_table_of_one_rate_knows_that_rate() -> None:
    single = LevelTable(0.01, (0.01,), np.zeros((1, 2)))
    np.testing.assert_array_equal(single.shifts(0.01), [0, 0])


@pytest.mark.parametrize("rate", [0.0009, 0.11, 0.0, -1.0, 1.0, float("nan"), float("inf")])
def test_a_rate_beyond_the_table_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match=r"expected a rate from 0\.001 to 0\.1, not "):
        TABLE.shifts(rate)


def test_the_upper_margin_is_of_classes_that_are_not_selected() -> None:
    margins = np.stack([np.full(11, 99.0), np.arange(11.0)], axis=1)
    assert upper_margin(margins, np.array([0])) == pytest.approx(9)


@pytest.mark.parametrize("offset", [3.0, -3.0, 0.0])
def test_a_video_whose_margins_are_higher_than_usual_raises_the_level(offset: float) -> None:
    margins = np.full((60, 2), TABLE.usual + offset)
    # All 60 of the class that isn't selected count, against 30 of doubt: two thirds of the half.
    assert TABLE.following(margins, np.array([0])) == pytest.approx(offset / 2 * 60 / (60 + DOUBT))


@pytest.mark.parametrize(("snippets", "trust"), [(1, 2 / 32), (15, 0.5), (3000, 6000 / 6030)])
def test_the_fewer_margins_there_are_the_less_the_level_follows(
    snippets: int, trust: float
) -> None:
    margins = np.full((snippets, 2), TABLE.usual + 2)
    assert TABLE.following(margins, NONE_SELECTED) == pytest.approx(trust)


@pytest.mark.parametrize(
    ("snippets", "selected", "follow"), [(0, [], 0.5), (50, [0, 1], 0.5), (50, [], 0.0)]
)
def test_without_margins_of_other_classes_nothing_is_followed(
    snippets: int, selected: list[int], follow: float
) -> None:
    table, margins = replace(TABLE, follow=follow), np.full((snippets, 2), 7.0)
    assert table.following(margins, np.array(selected, np.int64)) == 0


def test_leveled_moves_the_background_with_the_video_and_scores_by_the_rate() -> None:
    scores = scores_of([[9.0, 2.5]] * 60, [0.9, 0.05, 0.05])  # class a is selected
    moved = 0.5 * (2.5 - 0.5) * 60 / (60 + DOUBT)
    own = leveled(scores, TABLE)
    np.testing.assert_array_equal(own.scores, scores.scores)
    np.testing.assert_allclose(own.background, scores.background + moved, rtol=1e-6)
    other = leveled(scores, TABLE, 0.1)
    np.testing.assert_allclose(other.scores, scores.scores + np.array([1, 4]), rtol=1e-6)
    np.testing.assert_array_equal(other.background, own.background)
    assert (other.scores.dtype, other.background.dtype) == (np.float32, np.float32)
    for its in (own, other):
        np.testing.assert_array_equal(its.probabilities, scores.probabilities)
        np.testing.assert_array_equal(its.edges, scores.edges)


def test_a_level_that_followed_already_is_moved_to_the_same_as_from_the_start() -> None:
    random = np.random.default_rng(0)
    scores = scores_of(random.normal(size=(40, 2)).tolist(), [0.9, 0.05, 0.05])
    expected = leveled(scores, TABLE, 0.05)
    found = shifted(leveled(scores, TABLE), TABLE, 0.05, 0.0)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.background, expected.background)


def test_a_higher_rate_has_more_above_it() -> None:
    random = np.random.default_rng(0)
    scores = scores_of((2 * random.normal(size=(200, 2))).tolist(), [0.4, 0.3, 0.3])
    counts = []
    for rate in (0.001, 0.01, 0.1):
        its = leveled(scores, TABLE, rate)
        counts.append(int((its.scores > its.background[:, None]).sum()))
    assert counts[0] < counts[1] < counts[2]


def test_a_table_comes_back_as_written() -> None:
    found = table_from_json(json.loads(json.dumps(GOOD)), ("a", "b"))
    assert found.to_json() == GOOD
    np.testing.assert_array_equal(found.margins, TABLE.margins)
    older = {key: GOOD[key] for key in ("false_alarms", "rates", "margins")}
    found = table_from_json(older, ("a", "b"))
    assert (found.pooled, found.usual, found.follow) == ((), 0.0, 0.0)


RATES, ROWS = "expected rates from 0 to 1, ascending", "rows of 2 margins"
USUAL = "expected a usual margin and a follow from 0 to 1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rates": None}, RATES),
        ({"rates": []}, RATES),
        ({"rates": [0.1, 0.01, 0.001]}, RATES),
        ({"rates": [0.001, 0.01, 0.01]}, RATES),
        ({"rates": [0.0, 0.01, 0.1]}, RATES),
        ({"rates": [0.001, 0.01, 1e999]}, RATES),
        ({"rates": [0.001, 0.01, 10**400]}, RATES),
        ({"rates": [0.001, 0.01, True]}, RATES),
        ({"rates": [0.001, 0.01, "0.1"]}, RATES),
        ({"rates": {"0.001": 1}}, RATES),
        ({"rates": [n / 1e6 for n in range(1, 200_000)]}, RATES),
        ({"false_alarms": None}, RATES),
        ({"false_alarms": 0.2}, RATES),
        ({"false_alarms": 1e-9}, RATES),
        ({"false_alarms": [0.01]}, RATES),
        ({"margins": None}, ROWS),
        ({"margins": [[2.0, 3.0], [0.0, 0.0]]}, ROWS),
        ({"margins": [[2.0, 3.0], [0.0], [-1.0, -4.0]]}, ROWS),
        ({"margins": [[2.0, 3.0, 0.0]] * 3}, ROWS),
        ({"margins": [[0.0] * 100_000] * 3}, ROWS),
        ({"margins": [[2.0, 3.0], [0.0, None], [-1.0, -4.0]]}, ROWS),
        ({"margins": [[2.0, 1e999], [0.0, 0.0], [-1.0, -4.0]]}, ROWS),
        ({"margins": [[2.0, 10**400], [0.0, 0.0], [-1.0, -4.0]]}, ROWS),
        ({"margins": [[2.0, 3.0], [0.0, 0.0], [-1.0, 0.1]]}, "begins at a higher margin"),
        ({"pooled": "ab"}, "pooled names no class"),
        ({"pooled": ["c"]}, "pooled names no class"),
        ({"pooled": [["a"]]}, "pooled names no class"),
        ({"pooled": ["a"] * 100_000}, "pooled names no class"),
        ({"usual": 1e999}, USUAL),
        ({"usual": "0"}, USUAL),
        ({"follow": -0.1}, USUAL),
        ({"follow": 1.1}, USUAL),
        ({"follow": None}, USUAL),
    ],
)
def test_a_broken_or_hostile_table_is_refused(changes: dict, message: str) -> None:
    text = json.dumps(GOOD | changes)  # writes 1e999 as Infinity, which is read as what it was
    with pytest.raises(ModelError, match=f"broken metadata: level.*{message}") as caught:
        table_from_json(json.loads(text), ("a", "b"))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [[], "level", 3, True])
def test_what_is_no_object_is_no_table(value: object) -> None:
    with pytest.raises(ModelError, match="expected an object level"):
        table_from_json(value, ("a", "b"))
