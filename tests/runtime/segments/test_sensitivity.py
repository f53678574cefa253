"""How much is found: what is chosen for all classes and for some, and what comes of it."""

import math

import numpy as np
import pytest

from lpat.errors import ModelError, UsageError
from lpat.segments.level import LevelTable
from lpat.segments.sensitivity import Sensitivity, sensitivity_from_json
from lpat.types import Detection, Detections

CLASSES = ("jump", "run")
TABLE = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[3.0, 2.0], [0.0, 0.0], [-2.0, -3.0]]))


@pytest.mark.parametrize(
    ("chosen", "rates"),
    [
        (Sensitivity.of(), None),
        (Sensitivity.of(0.03), None),
        (Sensitivity.of(0.2), [0.2, 0.2]),
        (Sensitivity.of({"jump": 0.1}), [0.1, 0.03]),
        (Sensitivity.of({None: 0.2, "run": 0.03}), [0.2, 0.03]),
        (Sensitivity.of({None: 0.03, "run": 0.03}), None),
    ],
)
def test_each_class_has_its_rate(chosen: Sensitivity, rates: list[float] | None) -> None:
    found = chosen.checked(CLASSES, TABLE).rates(CLASSES, TABLE)
    assert (found if found is None else found.tolist()) == rates


def test_a_rate_of_each_class_begins_where_one_of_all_does() -> None:
    each = TABLE.shifts(np.array([0.01, 0.2]))
    assert each.tolist() == [TABLE.shifts(0.01)[0], TABLE.shifts(0.2)[1]]
    with pytest.raises(UsageError, match=r"from 0\.001 to 0\.5, not 0\.6"):
        TABLE.shifts(np.array([0.01, 0.6]))


def test_detections_that_score_enough_are_kept_in_their_order() -> None:
    rows = [("run", 3.0), ("jump", 2.0), ("run", 1.5), ("jump", 1.5), ("run", -1.0)]
    all_of_them = Detections.of_all(CLASSES, [Detection(k, s, 0, 1) for k, s in rows])

    def kept(choice: object) -> list[tuple[str, float]]:
        its = Sensitivity.of(None, choice).kept(all_of_them)  # type: ignore[arg-type]
        return [(d.label, d.score) for d in its]

    assert kept(None) == rows
    assert kept(1.5) == rows[:4]
    assert kept({"jump": 2.0}) == [rows[0], rows[1], rows[2], rows[4]]
    assert kept({None: 2.0, "run": -1.0}) == [rows[0], rows[1], rows[2], rows[4]]


def test_what_is_asked_for_goes_before_what_the_model_has() -> None:
    own = Sensitivity.of({None: 0.2, "jump": 0.1}, {"run": 1.0})
    assert Sensitivity.of().over(own) == own
    assert Sensitivity.of(0.3, {"jump": 2.0}).over(own) == Sensitivity.of(
        0.3, {"jump": 2.0, "run": 1.0}
    )
    assert Sensitivity.of({"run": 0.4}).over(own) == Sensitivity.of(
        {None: 0.2, "jump": 0.1, "run": 0.4}, {"run": 1.0}
    )


def test_what_was_chosen_is_told_and_read_back() -> None:
    chosen = Sensitivity.of({None: 0.2, "jump": 0.1}, {"run": 1.5})
    assert chosen.describe() == "false alarms 0.2, 'jump' 0.1; scores of at least 'run' 1.5"
    assert Sensitivity().describe() is None
    assert sensitivity_from_json(chosen.to_json(), CLASSES, TABLE) == chosen


@pytest.mark.parametrize(
    "value",
    [
        [], {"level": 1}, {"false_alarms": "much"}, {"false_alarms": True}, {"min_score": None},
        {"class_min_scores": 3}, {"class_min_scores": {"fly": 1}}, {"min_score": math.inf},
        {"class_false_alarms": {"jump": [1]}}, {"false_alarms": 0.9}, {"min_score": {}},
    ],
)  # fmt: skip
def test_a_broken_sensitivity_is_one_clear_line(value: object) -> None:
    with pytest.raises(ModelError, match="broken metadata: "):
        sensitivity_from_json(value, CLASSES, TABLE)
