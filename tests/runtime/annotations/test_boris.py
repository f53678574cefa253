"""BORIS' tables and projects: states become segments, points and halves don't."""

import json
from pathlib import Path
from typing import Any

import pytest

from lpat.annotations.reading import Annotations, read_annotations
from lpat.errors import AnnotationError

EVENTS = [
    ("1.5", "run", "START", "mouse"), ("2.0", "rear", "POINT", "mouse"),
    ("2.5", "run", "START", "rat"), ("3.5", "run", "STOP", "mouse"), ("4.0", "run", "STOP", "rat"),
    ("5.0", "groom", "STOP", "rat"), ("6.0", "groom", "START", "rat"),
]  # fmt: skip
SEGMENTS = [("run", [1.5, 3.5]), ("run", [2.5, 4.0])]


def read(path: Path, text: str) -> Annotations:
    path.write_text(text, encoding="utf-8")
    return read_annotations(path)


def tabular(delimiter: str, media: str = "/x/a clip.mp4", offset: str = "0.0") -> str:
    """As since version 8: a row says all of its observation."""
    names = [
        "Observation id", "Source", "Time offset (s)", "Media duration (s)", "Subject", "Behavior",
        "Behavior type", "Time", "Media file name", "Comment",
    ]  # fmt: skip
    rows = [
        ["one", f"player #1:{media}", offset, "60.0", subject, label, kind, time, media,
         '"two\nlines"']
        for time, label, kind, subject in EVENTS
    ]  # fmt: skip
    return "\n".join(delimiter.join(row) for row in [names, *rows]) + "\n"


def tabular_of_before() -> str:
    """Of one observation, which stands above the table."""
    above = "Observation id\tone\t\t\n\t\t\t\nPlayer #1\ta clip.mp4\t\t\nTime offset (s)\t0.0\t\t\n"
    names = "Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tStatus\n"
    rows = (
        f"{t}\ta clip.mp4\t60.0\t25.0\t{who}\t{label}\t{kind}" for t, label, kind, who in EVENTS
    )
    return above + names + "\n".join(rows)


def project() -> dict[str, Any]:
    events = [[float(time), who, label, "", ""] for time, label, _, who in EVENTS]
    events = [event for event in events if event[0] != 5.0]
    return {
        "project_format_version": "7.0",
        "behaviors_conf": {
            "0": {"code": "run", "type": "State event"},
            "1": {"code": "rear", "type": "Point event"},
            "2": {"code": "groom", "type": "State event"},
        },
        "observations": {
            "one": {
                "type": "MEDIA", "time offset": 0.0, "file": {"1": ["/x/a clip.mp4"], "2": []},
                "media_info": {"length": {"/x/a clip.mp4": 60.0}}, "events": events,
            },
            "live": {"type": "LIVE", "events": events},
        },
    }  # fmt: skip


def test_states_of_every_table_become_segments(tmp_path: Path) -> None:
    texts = {
        "a.csv": tabular(","), "b.tsv": tabular("\t"), "c.csv": tabular(";"),
        "d.tsv": tabular_of_before(), "e.boris": json.dumps(project()),
        "f.json": json.dumps(project()),
    }  # fmt: skip
    for name, text in texts.items():
        annotations = read(tmp_path / name, text)
        (video,) = annotations.videos
        assert (video.name, video.duration) == ("a clip", 60.0)
        found = zip(video.segment_labels, video.segments.tolist(), strict=True)
        assert sorted(found) == SEGMENTS
        assert set(video.labels) == {"run", "rear"}
        messages = [finding.message for finding in annotations.findings]
        assert "rear [2.0, 2.0] ends before or where it starts" in messages
        assert "groom at 6.0 has no stop" in messages
        stray = "groom stops at 5.0 without a start"
        assert (stray in messages) == (not name.startswith(("e", "f")))


def test_aggregated_events_are_segments_already(tmp_path: Path) -> None:
    names = "Observation id,Behavior,Behavior type,Start (s),Stop (s),Duration (s),Media file name"
    rows = ["one,run,STATE,1.5,00:00:03.500,2,/x/v.mp4", "one,rear,POINT,2.0,2.0,NA,/x/v.mp4",
            "two,rear,POINT,2.0,NA,NA,"]  # fmt: skip
    annotations = read(tmp_path / "a.csv", "\n".join([names, *rows]))
    assert [video.name for video in annotations.videos] == ["v", "two"]
    assert annotations.videos[0].segments.tolist() == [[1.5, 3.5]]
    assert annotations.videos[1].labels == ("rear",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t2.0\t/x/a clip", "\t2.0\t/x/other", "expected an observation of one video, but 'one'"),
        ("\t0.0\t", "\t3.0\t", "expected a time offset of 0"),
        ("POINT", "MAYBE", "expected START, STOP or POINT, not 'MAYBE'"),
        ("\t2.0\t/x", "\tlate\t/x", "expected a time in seconds, not 'late'"),
        ("\trear\t", "\t\t", "expected a behaviour"),
        ("mouse\trear\t", "mouse rear", "expected 10 columns, not 8"),
    ],
)
def test_broken_tables_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = tabular("\t")
    assert old in text
    with pytest.raises(AnnotationError) as caught:
        read(tmp_path / "a.tsv", text.replace(old, new))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'a.tsv'}: line ")


def test_broken_projects_are_refused(tmp_path: Path) -> None:
    def refused(**changes: Any) -> str:
        document = project()
        document["observations"]["one"] |= changes
        with pytest.raises(AnnotationError) as caught:
            read(tmp_path / "a.boris", json.dumps(document))
        return str(caught.value)

    assert "time offset of 0" in refused(**{"time offset": 5})
    assert "one video, but 'one' has a.mp4 and b.mp4" in refused(file={"1": ["a.mp4", "b.mp4"]})
    assert "expected an event of time" in refused(events=[[1.0]])
    assert "expected a list" in refused(events={})
    assert "expected a list" in refused(file={"1": {"a": 1}})


def test_a_project_whose_lengths_and_codes_are_odd_is_read(tmp_path: Path) -> None:
    document = project()
    document["behaviors_conf"]["0"]["code"] = []
    document["observations"]["one"]["media_info"] = 1.5
    (video,) = read(tmp_path / "a.boris", json.dumps(document)).videos
    assert video.duration is None
    assert sorted(video.segments.tolist()) == [[1.5, 3.5], [2.5, 4.0]]
