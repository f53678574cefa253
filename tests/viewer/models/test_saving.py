"""A review saved, and read again as lpat-train and lpat-eval do."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.reading import Annotations, VideoAnnotation, read_annotations
from lpat.errors import UsageError
from lpat.files.json_files import write_json
from lpat.formats.detections import read_detections
from lpat.formats.media import media_of
from lpat.formats.registry import FORMATS
from lpat.types import Detections
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.saving import annotation_of, detections_of, exporting
from lpat_viewer.models.workspace import Workspace

SEGMENTS = (
    ReviewedSegment(0, 1.0, 2.0, "run", 0.9, "accepted"),
    ReviewedSegment(1, 3.0, 4.0, "jump", 2.5, "rejected"),
    ReviewedSegment(2, 5.0, 6.0, "jump", 0.5),
    ReviewedSegment(3, 7.0, 8.0, "dive", None, "accepted"),
)


@pytest.fixture
def reviewed(workspace: Workspace, truth: VideoAnnotation) -> Workspace:
    """A review of `SEGMENTS` of `video.mp4`, which has a truth."""
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(60.0)
    ambiguous = replace(truth, ambiguous=np.array([[57.0, 58.0]]))
    workspace.set_annotations(Annotations(Path("table.csv"), (ambiguous,)))
    workspace.review.begin(SEGMENTS)
    return workspace


def save(corrections: Corrections, path: Path) -> None:
    """All in this thread."""
    saving = corrections.saving(path)
    saving.write()
    corrections.saved(saving)


def test_what_was_accepted_is_the_annotation(truth: VideoAnnotation) -> None:
    annotation = annotation_of(SEGMENTS, "video", 9.0, truth)
    assert annotation.segments.tolist() == [[1.0, 2.0], [7.0, 8.0]]
    assert annotation.segment_labels == annotation.labels == ("run", "dive")
    assert (annotation.name, annotation.subset, annotation.duration) == ("video", "test", 9.0)


def test_what_was_not_rejected_is_detected_and_what_was_drawn_is_sure() -> None:
    detections = detections_of(SEGMENTS)
    assert detections.classes == ("dive", "jump", "run")
    assert detections.segments.tolist() == [[7.0, 8.0], [1.0, 2.0], [5.0, 6.0]]
    assert detections.scores.tolist() == [1.0, 0.9, 0.5]
    assert detections.labels.tolist() == [0, 2, 1]


def test_saving_tells_what_was_left_out(reviewed: Workspace, tmp_path: Path) -> None:
    corrections = Corrections(reviewed)
    reviewed.review.apply("Remove", SEGMENTS[1:])
    assert reviewed.review.modified
    save(corrections, tmp_path / "new.json")
    assert not reviewed.review.modified
    assert reviewed.notices.latest is not None
    text = "Saved 1 segment to new.json; 1 not judged yet was left out"
    assert reviewed.notices.latest.text == text
    (video,) = read_annotations(tmp_path / "new.json").videos
    assert (video.name, video.subset, video.duration) == ("video", "test", 60.0)
    assert video.segment_labels == ("dive",)
    assert video.ambiguous.tolist() == [[57.0, 58.0]]


def test_a_video_of_which_nothing_is_judged_is_not_one_in_which_nothing_happens(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"other": {"labels": ["run"]}}})
    workspace.set_video(Path("video.mp4"), "video")
    workspace.review.begin([replace(segment, state="proposed") for segment in SEGMENTS])
    save(Corrections(workspace), path)
    assert read_annotations(path).labels_by_video(None) == {"other": ("run",)}
    workspace.review.begin([replace(segment, state="rejected") for segment in SEGMENTS])
    save(Corrections(workspace), path)
    assert read_annotations(path).labels_by_video(None) == {"other": ("run",), "video": ()}


def test_a_file_that_is_there_is_kept_as_a_backup(reviewed: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"video": {"labels": ["swim"]}}})
    before = path.read_bytes()
    corrections = Corrections(reviewed)
    saving = corrections.saving(path)
    backup = saving.write()
    corrections.saved(saving, backup)
    assert backup is not None
    assert backup.name == "a.json.bak"
    assert backup.read_bytes() == before
    assert reviewed.notices.latest is not None
    assert reviewed.notices.latest.text.endswith("; the file as it was before is a.json.bak")


def test_a_change_after_saving_began_is_not_saved(reviewed: Workspace, tmp_path: Path) -> None:
    corrections = Corrections(reviewed)
    saving = corrections.saving(tmp_path / "new.json")
    reviewed.review.apply("Remove", SEGMENTS[:1])
    saving.write()
    corrections.saved(saving)
    assert reviewed.review.modified
    assert len(read_annotations(tmp_path / "new.json").videos[0].segments) == 2


def test_undoing_what_was_saved_is_a_change(reviewed: Workspace, tmp_path: Path) -> None:
    corrections = Corrections(reviewed)
    corrections.accept_all()
    save(corrections, tmp_path / "new.json")
    corrections.undo()
    assert reviewed.review.modified
    corrections.redo()
    assert not reviewed.review.modified


def test_a_file_that_calls_the_video_by_its_suffix_keeps_that_name(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"database": {"video.mp4": {"labels": ["run"]}}})
    workspace.set_video(Path("video.mp4"))
    workspace.review.begin(SEGMENTS)
    save(Corrections(workspace), path)
    (video,) = read_annotations(path).videos
    assert (video.name, len(video.segments)) == ("video.mp4", 2)


def test_the_review_is_exported_as_detections(reviewed: Workspace, tmp_path: Path) -> None:
    Corrections(reviewed).exporting(tmp_path / "d.json")()
    assert read_detections(tmp_path / "d.json")["video"].segments.tolist() == [
        [7.0, 8.0], [1.0, 2.0], [5.0, 6.0],
    ]  # fmt: skip
    assert json.loads((tmp_path / "d.json").read_text())["external_data"] == {
        "corrected": True, "start": None,
    }  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_the_review_is_exported_in_every_format(
    name: str, reviewed: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / f"d{FORMATS[name].suffix}"
    Corrections(reviewed).exporting(path)()
    text = path.read_bytes().decode()
    assert "dive" in text
    if name != "json":
        detections = detections_of(reviewed.review.segments)
        assert text == FORMATS[name].text_of(detections, media_of(Path("video.mp4"), "video", 60.0))


def test_a_format_whose_package_is_missing_is_not_begun(
    reviewed: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pympi", None)
    with pytest.raises(UsageError, match="format eaf needs the package pympi-ling"):
        Corrections(reviewed).exporting(tmp_path / "d.eaf")


def test_without_a_review_the_layer_is_exported(workspace: Workspace, tmp_path: Path) -> None:
    workspace.set_video(Path("video.mp4"))
    with pytest.raises(UsageError, match="no detections to export"):
        exporting(workspace, tmp_path / "d.json")
    detections = Detections(("run",), np.array([[1.0, 2.0]]), np.array([0]), np.array([0.25]))
    workspace.layers.put(Layer("model.onnx", detections))
    exporting(workspace, tmp_path / "d.json")()
    assert read_detections(tmp_path / "d.json")["video"].scores.tolist() == [0.25]
    assert json.loads((tmp_path / "d.json").read_text())["external_data"] == {
        "model": "model.onnx", "start": None,
    }  # fmt: skip


def test_without_a_video_nothing_is_saved(opened: Workspace, tmp_path: Path) -> None:
    corrections = Corrections(opened)
    corrections.begin()
    with pytest.raises(UsageError, match="no video is open"):
        save(corrections, tmp_path / "a.json")
    with pytest.raises(UsageError, match="no video is open"):
        corrections.exporting(tmp_path / "d.json")
