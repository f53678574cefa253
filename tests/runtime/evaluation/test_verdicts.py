"""What an evaluation says of each class in words, and what would help most."""

import json
from collections.abc import Sequence

import numpy as np
import pytest

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import evaluate
from lpat.evaluation.error_analysis import diagnose
from lpat.evaluation.verdicts import MOST_LINES, Verdicts, verdicts_of
from lpat.types import Detection, Detections

Rows = Sequence[tuple[str, float, float]]


def judged(truths: Rows, found: Rows) -> Verdicts:
    """Verdicts on a video's detections, best first."""
    classes = tuple(sorted({label for label, *_ in [*truths, *found]}))
    video = VideoAnnotation(
        "v", None, 1000.0, classes, np.array([row[1:] for row in truths], np.float64),
        tuple(label for label, *_ in truths),
    )  # fmt: skip
    detections = Detections.of_all(
        classes, [Detection(label, -n, start, end) for n, (label, start, end) in enumerate(found)]
    )
    evaluation = evaluate([video], {"v": detections}, tious=[0.3])
    return verdicts_of(evaluation, diagnose(evaluation.matching))


TRUTHS = [("a", 10.0 * n, 10.0 * n + 5) for n in range(10)] + [("b", 503.0, 508.0)]


def test_each_class_has_a_verdict_and_the_worst_comes_first() -> None:
    verdicts = judged(TRUTHS, [*TRUTHS[:9], ("c", 503.0, 508.0)])
    assert [(entry.label, entry.verdict) for entry in verdicts.classes] == [
        ("b", "not found"), ("a", "works"),
    ]  # fmt: skip
    assert verdicts.classes[0].line == (
        "not found: 0 of 1 truths found, average precision 0.0 %; the rest is mostly unseen"
    )
    assert verdicts.classes[1].line.startswith("works: 9 of 10 truths found")


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (TRUTHS, "nothing stands out"),
        ([("a", 200.0 + 9 * n, 203.0 + 9 * n) for n in range(9)] + TRUTHS, "detections where noth"),
        ([(label, s, s + 2) for label, s, _ in TRUTHS] + TRUTHS, "detections with wrong ends cost"),
        ([("b", s, e) for _, s, e in TRUTHS[:9]] + TRUTHS, "to take one class for another costs"),
        ([row for row in TRUTHS for _ in range(3)], "to find the same twice costs"),
        (TRUTHS[-1:] + TRUTHS[:2], "what nothing finds costs 40.0 points of mAP: more training "),
    ],
)
def test_the_advice_is_on_the_kind_of_error_that_costs_most(found: Rows, advice: str) -> None:
    assert judged(TRUTHS, found).advice.startswith(advice)


def test_classes_that_are_confused_are_named() -> None:
    wrong = [("b", s, e) for _, s, e in TRUTHS[:9]]
    assert "most of all 'a' for 'b': training videos" in judged(TRUTHS, wrong + TRUTHS).advice


def test_of_many_classes_the_worst_are_listed() -> None:
    truths = [(f"c{n:02}", 10.0 * n, 10.0 * n + 5) for n in range(MOST_LINES + 5)]
    verdicts = judged(truths, truths[5:])
    lines = verdicts.lines()
    assert lines[1].split()[0] == "c00"
    assert len(lines) == MOST_LINES + 3
    assert lines[-2] == "  and 5 more classes: 5 works"
    assert lines[-1] == f"what would help most: {verdicts.advice}"
    assert json.loads(json.dumps(verdicts.to_dict(), allow_nan=False))["classes"][0]["found"] == 0
