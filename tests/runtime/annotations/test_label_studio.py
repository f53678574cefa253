"""Label Studio's exports read back, whole and flat."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.annotations.checks import VideoRecord
from lpat.annotations.label_studio import read_label_studio
from lpat.annotations.reading import read_annotations
from lpat.errors import AnnotationError
from lpat.formats.label_studio import task
from lpat.formats.media import Media
from lpat.types import Detections

DATA = {"video": "/data/local-files/?d=videos/a%20clip.mp4", "frame_rate": 25}


def region(first: int, last: int, *labels: str) -> dict[str, Any]:
    value = {"ranges": [{"start": first, "end": last}], "timelinelabels": list(labels)}
    return {"type": "timelinelabels", "value": value}


def annotated(*regions: dict[str, Any], data: Any = None, **fields: Any) -> dict[str, Any]:
    return {"data": data or DATA, "annotations": [{"id": 1, "result": list(regions), **fields}]}


def one(tasks: list[Any]) -> VideoRecord:
    (record,) = read_label_studio(tasks, "export.json")
    return record


@pytest.mark.parametrize("start", [None, 2.0])
def test_what_lpat_writes_comes_back_corrected(tmp_path: Path, start: float | None) -> None:
    times = np.array([[0.48, 2.0], [5.0, 9.52]])
    detections = Detections(("a", "b"), times, np.array([0, 1]), np.array([0.9, 0.7]))
    media = Media("sub/clip.mp4", Path("/x/sub/clip.mp4"), 60, Fraction(25), 320, 240, start=start)
    written = task(detections, media)
    path = tmp_path / "export.json"
    path.write_text(json.dumps([written]))
    with pytest.raises(AnnotationError, match="expected annotations or labels of a video"):
        read_annotations(path)
    # What Label Studio exports once the predictions were accepted.
    path.write_text(json.dumps([{**written, "id": 7, "annotations": [
        {"id": 3, "result": written["predictions"][0]["result"]}]}]))  # fmt: skip
    (video,) = read_annotations(path).videos
    assert video.name == "sub/clip.mp4"
    assert video.segment_labels == ("a", "b")
    np.testing.assert_allclose(video.segments, detections.segments)


def test_json_min_says_the_same() -> None:
    value = region(13, 50, "a")["value"]
    flat = {**DATA, "id": 1, "annotator": 1, "label": [value], "updated_at": "2026-01-01"}
    assert one([flat]) == one([annotated(region(13, 50, "a"))])
    empty = {**DATA, "id": 1, "annotator": 1, "updated_at": "2026-01-01"}
    assert one([empty]).listed == ()
    later = {**flat, "label": [region(1, 5, "b")["value"]], "updated_at": "2026-02-01"}
    assert one([later, flat]).rows == (("b", 0.0, 0.2),)


def test_names_are_those_of_the_files() -> None:
    names = {
        "/data/local-files/?d=videos/a%20clip.mp4": "a clip",
        "/data/upload/3/0a1b2c3d-clip.mp4": "clip",
        "https://example.org/x/a%20clip.mp4?token=1": "a clip",
        "s3://bucket/clip.webm": "clip",
    }
    for reference, name in names.items():
        data = {"video": reference, "fps": "25"}
        assert one([annotated(region(1, 5, "a"), data=data)]).name == name


def test_seconds_of_audio_and_time_series_are_taken_as_they_are() -> None:
    value = {"start": 1.5, "end": 2.5}
    regions = [
        {"type": "labels", "value": {**value, "channel": 0, "labels": ["a", "b"]}},
        {"type": "timeserieslabels", "value": {**value, "timeserieslabels": ["c"]}},
    ]
    data = {"audio": "https://example.org/clip.wav"}
    rows = one([annotated(*regions, data=data)]).rows
    assert rows == (("a", 1.5, 2.5), ("b", 1.5, 2.5), ("c", 1.5, 2.5))


def test_regions_of_other_kinds_are_passed_over() -> None:
    boxes = {"type": "videorectangle", "value": {"sequence": [], "labels": ["x"]}}
    paragraph = {"type": "paragraphlabels", "value": {"start": "0", "end": "1"}}
    record = one([annotated(boxes, paragraph, region(1, 2), region(1, 5, "a"))])
    assert record.rows == (("a", 0.0, 0.2),)
    assert record.passed_over == (
        "a region of type videorectangle",
        "a region of type paragraphlabels",
        "a region of type timelinelabels without a label",
    )
    assert one([annotated(boxes)]).listed is None


def test_the_latest_annotation_that_was_not_skipped_counts() -> None:
    def at(day: str, label: str, **fields: Any) -> dict[str, Any]:
        result = [region(1, 5, label)]
        return {"result": result, "updated_at": f"2026-01-{day}T00:00:00Z", **fields}

    annotations = [at("02", "b"), at("01", "a"), at("03", "c", was_cancelled=True)]
    record = one([{"data": DATA, "annotations": annotations}])
    assert [row[0] for row in record.rows] == ["b"]
    assert record.passed_over == ("1 earlier annotations",)
    annotations[1]["ground_truth"] = True
    assert one([{"data": DATA, "annotations": annotations}]).rows[0][0] == "a"


def test_a_task_without_regions_shows_nothing_and_one_without_annotations_is_unknown() -> None:
    assert one([annotated()]).listed == ()
    assert one([{"data": DATA, "annotations": []}]).listed is None
    assert one([annotated(was_cancelled=True)]).listed is None


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([1], "task 0: expected an object"),
        ([{"data": {"text": "long words"}, "annotations": []}], "expected a video among its data"),
        ([annotated(region(1, 5, "a"), data={"video": "v.mp4"})], "expected a frame_rate"),
        (
            [annotated(region(1, 5, "a"), data={**DATA, "first_picture": "2"})],
            "expected first_picture in seconds, not '2'",
        ),
        ([annotated(region(1, 5, "a"), data={"video": "v.mp4", "fps": 0})], "not 0"),
        ([annotated(region(1, 5, "a"), data={"video": "v.mp4", "fps": 10**400})], "not 1000"),
        ([annotated(), annotated()], "task 1: video 'a clip' is of another task too"),
        ([annotated({"type": "timelinelabels", "value": {"ranges": [{}]}})], "expected a segment"),
        ([{"data": DATA, "annotations": 1}], "annotations: expected a list"),
    ],
)
def test_other_structures_are_refused(tasks: list[Any], message: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        read_label_studio(tasks, "export.json")
    assert message in str(caught.value)
