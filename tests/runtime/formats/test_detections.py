"""Detections files: written, read back, and refused where broken."""

import json
from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.checks import summarise
from lpat.errors import AnnotationError
from lpat.files.json_files import write_json
from lpat.formats.detections import detections_document, read_detections, read_detections_file
from lpat.types import Detections

FOUND = Detections(
    ("run", "jump"),
    np.array([[0.0, 1.28], [2.0, 2.0000001]]),
    np.array([1, 0]),
    np.array([0.87654321, 0.25]),
)


def test_detections_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "detections.json"
    write_json(path, detections_document({"v": FOUND, "w": Detections(("x",))}, {"model": "m"}))
    results = read_detections(path)
    assert list(results) == ["v", "w"]
    assert [results["v"].classes[label] for label in results["v"].labels] == ["jump", "run"]
    np.testing.assert_allclose(results["v"].segments, FOUND.segments)
    np.testing.assert_allclose(results["v"].scores, [0.876543, 0.25])
    assert len(results["w"]) == 0
    assert json.loads(path.read_text())["external_data"] == {"model": "m"}


def test_times_are_rounded_but_a_segment_never_vanishes() -> None:
    rows = detections_document({"v": FOUND})["results"]["v"]
    assert [row["segment"] for row in rows] == [[0.0, 1.28], [2.0, 2.0000001]]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"v": 1}, "video 'v': expected a list, not 1"),
        ({"v": [1]}, "detection 0: expected an object"),
        ({"v": [{"score": 1, "segment": [0, 1]}]}, "expected a label, not None"),
        ({"v": [{"label": "a", "segment": [0, 1]}]}, "expected a finite score, not None"),
        ({"v": [{"label": "a", "score": "1", "segment": [0, 1]}]}, "a finite score, not '1'"),
        ({"v": [{"label": "a", "score": 1, "segment": [2, "1"]}]}, "expected a segment"),
        ({"v": [{"label": " \u200b", "score": 1, "segment": [0, 1]}]}, "expected a label, not"),
        ({"\u00fc": [], "u\u0308": []}, "appears twice, as '\u00fc' and 'u.*0308'"),
    ],
)
def test_a_broken_file_names_the_place(tmp_path: Path, results, message: str) -> None:
    path = tmp_path / "detections.json"
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        read_detections(path)


def test_detections_that_no_video_can_show_are_left_out_and_found(tmp_path: Path) -> None:
    path = tmp_path / "detections.json"
    times = [[3, 3], [-0.32, 3], [4, 3], [1, 2]]
    rows = [{"label": "run", "score": 1, "segment": segment} for segment in times]
    path.write_text(json.dumps({"results": {"v": rows}}), encoding="utf-8")
    read = read_detections_file(path)
    assert read.results["v"].segments.tolist() == [[1, 2]]
    assert read_detections(path)["v"].segments.tolist() == [[1, 2]]
    assert [(its.kind, its.video, its.message) for its in read.findings] == [
        ("detections", "v", "run [3.0, 3.0] ends before or where it starts"),
        ("detections", "v", "run [-0.32, 3.0] starts before 0"),
        ("detections", "v", "run [4.0, 3.0] ends before or where it starts"),
    ]
    assert summarise(read.findings) == [
        "3 detections take no time or start before 0 (first: 'v': run [3.0, 3.0] ends before or "
        "where it starts); left out"
    ]


def test_names_and_labels_are_read_in_one_form(tmp_path: Path) -> None:
    path = tmp_path / "detections.json"
    rows = [
        {"label": label, "score": 1, "segment": [1, 2]}
        for label in ("hu\u0308pfen ", "h\u00fcpfen")
    ]
    path.write_text(json.dumps({"results": {" u\u0308": rows}}), encoding="utf-8")
    (detections,) = (results := read_detections(path)).values()
    assert list(results) == ["\u00fc"]
    assert (detections.classes, len(detections)) == (("h\u00fcpfen",), 2)


def test_a_folder_that_a_batch_wrote_stands_for_its_file_of_all_results(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"output folder with detections\.json, not a folder"):
        read_detections(tmp_path)
    (tmp_path / "detections.json").write_text('{"results": {"v": []}}')
    assert list(read_detections(tmp_path)) == ["v"]


def test_a_file_without_results_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "detections.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(AnnotationError, match='expected "results" of videos'):
        read_detections(path)
