"""What is odd in a video's annotations: each kind found, and summed up in a line."""

import pytest

from lpat.annotations.checks import AMBIGUOUS, Finding, VideoRecord, findings_of, summarise


def found(*rows: tuple[str, float, float], listed=None, duration: float | None = None):
    """Kinds and messages for a video of these rows."""
    record = VideoRecord("v", None, duration, listed, rows)
    findings = findings_of(record)
    assert all(finding.video == "v" for finding in findings)
    return [(finding.kind, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (("run",), "the list lacks jump"),
        (("run", "jump", "hop", "fly"), "no segment shows hop, fly"),
        (("run", "hop"), "the list lacks jump; no segment shows hop"),
        ((), "the list lacks run, jump"),
    ],
)
def test_a_list_that_disagrees_with_the_segments_is_found(listed, message: str) -> None:
    rows = ("run", 0, 1), ("jump", 1, 2), ("run", 3, 4)
    assert found(*rows, listed=listed) == [("labels", message)]


def test_a_list_that_agrees_or_stands_alone_is_fine() -> None:
    rows = ("run", 0, 1), ("Ambiguous", 1, 2)
    assert found(*rows, listed=("run", "run")) == []
    assert found(*rows, listed=("Ambiguous", "run")) == []
    assert found(*rows, listed=None) == []
    assert found(listed=("run",)) == []
    assert found(("Ambiguous", 1, 2), listed=("run",)) == []


def test_a_segment_that_ends_past_the_video_is_found() -> None:
    rows = ("run", 1, 9.5), ("run", 2, 9.75), ("jump", 20, 30)
    assert found(*rows, duration=9.5) == [
        ("past_end", "run [2, 9.75] in a video of 9.5 s"),
        ("past_end", "jump [20, 30] in a video of 9.5 s"),
    ]
    assert found(*rows) == []


def test_a_segment_that_stands_again_is_found_once() -> None:
    again = [("run", 1.0, 2.0), ("jump", 1.0, 2.0), ("run", 1.0, 2.5), *[("run", 1.0, 2.0)] * 2]
    assert found(*again) == [("duplicate", "run [1.0, 2.0] stands 3 times")]


def test_a_segment_that_takes_no_time_is_found_and_nothing_more_is_said_of_it() -> None:
    rows = ("run", 2, 2), ("run", 2, 2), ("run", 3, 2), ("run", -1, 2), ("run", -2, -3)
    assert found(*rows, duration=1) == [
        ("left_out", "run [2, 2] ends before or where it starts"),
        ("left_out", "run [2, 2] ends before or where it starts"),
        ("left_out", "run [3, 2] ends before or where it starts"),
        ("left_out", "run [-1, 2] starts before 0"),
        ("left_out", "run [-2, -3] starts before 0"),
    ]


def test_a_moment_of_a_label_that_the_list_lacks_is_found() -> None:
    moments = (("run", 1.0), ("rnu", 2.0), (AMBIGUOUS, 3.0))
    record = VideoRecord("v", None, None, ("run",), (), moments=moments)
    assert [(its.kind, its.message) for its in findings_of(record)] == [("unlisted", "rnu at 2.0")]


@pytest.mark.parametrize("duration", [0.0, -1.0, float("inf"), float("nan")])
def test_a_duration_that_is_none_is_found(duration: float) -> None:
    assert found(("run", 1, 2), duration=duration) == [("duration", f"duration {duration}")]


def test_a_summary_takes_a_line_for_each_kind() -> None:
    findings = [
        Finding("past_end", "a", "run [1, 9] in a video of 5 s"),
        Finding("labels", "b", "the list lacks run"),
        Finding("labels", "c", "the list lacks jump"),
    ]
    assert summarise(findings) == [
        "2 videos: labels disagree with their segments (first: 'b': the list lacks run); "
        "the segments' labels count",
        "1 segments end past their video (first: 'a': run [1, 9] in a video of 5 s); they are kept",
    ]
    assert summarise([]) == []
