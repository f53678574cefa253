"""Annotations and detections as files or objects give the same evaluation."""

from pathlib import Path

import numpy as np
import pytest

from lpat import Detections, evaluate, read_annotations, read_detections
from lpat.errors import AnnotationError, UsageError
from lpat.files.json_files import write_json
from lpat.formats.detections import detections_document
from lpat.inputs import Input


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """Two videos of a subset `test` and one of `training`, with an action each."""
    entry = {"annotations": [{"label": "jump", "segment": [1.0, 2.0]}]}
    subsets = {"one": "test", "two": "test", "three": "training"}
    database = {name: {**entry, "subset": subset} for name, subset in subsets.items()}
    path = tmp_path / "annotations.json"
    write_json(path, {"database": database})
    return path


def found(start: float, end: float) -> Detections:
    return Detections(("jump",), np.array([[start, end]]), np.array([0]), np.array([0.5]))


RESULTS = {"one": found(1, 2), "two": found(5, 6), "three": found(7, 8)}


def test_files_and_what_was_read_of_them_are_judged_alike(
    annotations: Path, tmp_path: Path
) -> None:
    file = tmp_path / "detections.json"
    write_json(file, detections_document(RESULTS))
    read = read_annotations(annotations)
    pairs = [(Input(name, Path(f"{name}.mp4")), its) for name, its in RESULTS.items()]
    for truth in (annotations, str(annotations), read, read.videos):
        for results in (file, str(file), read_detections(file), RESULTS, pairs):
            judged = evaluate(truth, results, subset="test")
            assert judged.average == pytest.approx(0.5)
            assert (judged.videos, judged.ignored_videos, judged.unlisted_videos) == (2, 1, 0)
            assert judged.tious.tolist() == [0.3, 0.4, 0.5, 0.6, 0.7]


def test_videos_alone_are_judged_as_they_are(annotations: Path) -> None:
    videos = read_annotations(annotations).in_subset("test")
    assert evaluate(videos, RESULTS, tious=[0.5]).unlisted_videos == 1
    assert evaluate(videos, RESULTS, left_out=["three"]).unlisted_videos == 0


def test_an_evaluation_tells_itself_in_a_line_and_as_a_table(annotations: Path) -> None:
    judged = evaluate(annotations, RESULTS, subset="test", tious=[0.5])
    line = "Evaluation(activitynet: mAP 50.0% at tIoU 0.5, 1 classes, 2 videos)"
    assert repr(judged) == line
    assert str(judged).startswith("Average precision in % by tIoU; protocol activitynet")


def test_ambiguous_times_are_a_file_or_intervals(annotations: Path, tmp_path: Path) -> None:
    (tmp_path / "ambiguous.txt").write_text("two 4.5 6.5\n", encoding="utf-8")
    for ambiguous in (tmp_path / "ambiguous.txt", {"two": np.array([[4.5, 6.5]])}):
        judged = evaluate(
            annotations, RESULTS, subset="test", protocol="thumos14", ambiguous=ambiguous
        )
        assert judged.ambiguous_intervals == 1


def test_what_cannot_be_judged_is_told(annotations: Path) -> None:
    with pytest.raises(UsageError, match="expected subset to be one of test, training"):
        evaluate(annotations, RESULTS)
    with pytest.raises(AnnotationError, match="no subset 'validation'"):
        evaluate(annotations, RESULTS, subset="validation")
    with pytest.raises(UsageError, match="not those of one video without its name"):
        evaluate(annotations, found(1, 2), subset="test")  # pyright: ignore[reportArgumentType]
    with pytest.raises(AnnotationError, match="detections: none of its videos is to be judged"):
        evaluate(annotations, {"four": found(1, 2)}, subset="test")
