"""Timelines of the worst and best videos of an evaluation."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.runtime.report.test_video_page import EVIL, scores_of

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import evaluate
from lpat.report.judged_videos import judged_svg, judged_videos
from lpat.types import Detections

NOTHING = Detections(("run", "jump"))
RIGHT = Detections(("run", "jump"), np.array([[2.0, 4.0]]), np.array([0]), np.array([0.9]))
FALSE = Detections(("run", "jump"), np.array([[6.0, 7.0]]), np.array([1]), np.array([0.4]))
TRUTH = [("run", 2.0, 5.0)]


def bars(svg: str, kind: str) -> list[tuple[str, float, float]]:
    """Colour, start and end of the bars of a kind, in seconds of ten."""
    found = []
    for mark in ElementTree.fromstring(svg).iter():
        words = mark.get("class", "").split()
        if words[:2] == ["bar", kind]:
            start, width = float(mark.attrib["x"]) - 84, float(mark.attrib["width"])
            found.append((words[2], round(start / 86.2, 2), round((start + width) / 86.2, 2)))
    return found


@pytest.mark.parametrize("with_scores", [False, True])
def test_truth_right_and_false_detections_have_lanes_of_their_own(with_scores: bool) -> None:
    scores = scores_of("run", "jump") if with_scores else None
    svg = judged_svg(TRUTH, RIGHT, FALSE, ("run", "jump"), duration=10.0, scores=scores)
    assert bars(svg, "truth") == [("c0", 2.0, 5.0)]
    assert bars(svg, "right") == [("c0", 2.0, 4.0)]
    assert bars(svg, "false") == [("c1", 6.0, 7.0)]
    assert svg.count('<path class="score') == (3 if with_scores else 0)  # one is the legend's


def test_an_unknown_duration_is_that_of_the_last_segment() -> None:
    svg = judged_svg([("run", 5.0, 10.0)], RIGHT, FALSE, ("run", "jump"))
    assert bars(svg, "truth") == [("c0", 5.0, 10.0)]


def test_names_are_escaped() -> None:
    svg = judged_svg([(EVIL, 1.0, 2.0)], NOTHING, NOTHING, (EVIL,))
    assert "<script" not in svg
    assert bars(svg, "truth") != []


@pytest.mark.parametrize(
    ("count", "headings"),
    [(2, ["Worst first (1): v1", "Worst first (2): v0"]),
     (8, ["The worst (1): v1", "The worst (2): v2", "The worst (3): v3",
          "The best (1): v0", "The best (2): v4", "The best (3): v5"])],
)  # fmt: skip
def test_few_videos_are_all_shown_and_of_many_the_worst_and_the_best(
    count: int, headings: list[str]
) -> None:
    truth = [
        VideoAnnotation(f"v{n}", None, 10.0, ("run",), np.array([[2.0, 5.0]]), ("run",))
        for n in range(count)
    ]
    found = Detections(("run",), np.array([[2.0, 5.0]]), np.array([0]), np.array([1.0]))
    untimed = VideoAnnotation("labels only", None, None, ("run",), np.zeros((0, 2)), ())
    truth.insert(0, untimed)
    evaluation = evaluate(truth, {"v0": found}, tious=[0.5], protocol="activitynet")
    section = judged_videos(evaluation.matching, truth, 0.5)
    assert [part.heading for part in section.parts] == headings
    (first,) = [part for part in section.parts if part.heading.endswith("v0")]
    assert first.text == ("1 true action, 1 found, 0 false detections.",)
    assert re.search("1 true action, 0 found", str(section.parts[0].text))
