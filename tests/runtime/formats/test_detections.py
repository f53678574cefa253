"""Detections files: written, read back, and refused where broken."""

import json
from pathlib import Path

import numpy as np
import pytest

from lpat.errors import AnnotationError
from lpat.files.json_files import write_json
from lpat.formats.detections import detections_document, read_detections
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
        ({"v": [{"label": "a", "score": 1, "segment": [2, 1]}]}, "ends before or where"),
    ],
)
def test_a_broken_file_names_the_place(tmp_path: Path, results, message: str) -> None:
    path = tmp_path / "detections.json"
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        read_detections(path)


def test_a_file_without_results_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "detections.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(AnnotationError, match='expected "results" of videos'):
        read_detections(path)
