"""From paths to what they hold."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat.errors import LpatError
from lpat.files.json_files import write_json
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.opening import Opener, read_path

ANNOTATIONS = {
    "database": {
        "one": {"annotations": [{"label": "jump", "segment": [1, 2]}]},
        "two": {"labels": []},
    }
}
DETECTIONS = {"results": {"one": [{"label": "jump", "score": 0.5, "segment": [1, 2]}]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two empty videos, annotations, detections and a model."""
    for name in ("one.mp4", "two.mp4", "model.onnx"):
        (tmp_path / name).touch()
    write_json(tmp_path / "annotations.json", ANNOTATIONS)
    write_json(tmp_path / "detections.json", DETECTIONS)
    return tmp_path


@pytest.fixture
def models() -> list[Path]:
    """The models that were asked for."""
    return []


@pytest.fixture
def open_paths(
    qtbot: QtBot, workspace: Workspace, models: list[Path]
) -> Iterator[Callable[..., None]]:
    """A function that opens paths and waits until all are read."""
    jobs = Jobs()
    opener = Opener(workspace, jobs, add_model=models.append)

    def open_all(*paths: Path) -> None:
        opener.open(paths)
        qtbot.waitUntil(lambda: jobs.running == 0)

    yield open_all
    jobs.stop()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("one.mp4", "video"),
        ("annotations.json", "annotations"),
        ("detections.json", "detections"),
        ("model.onnx", "model"),
        (".", "folder"),
    ],
)
def test_a_path_says_what_it_holds(folder: Path, name: str, kind: str) -> None:
    assert read_path(folder / name).kind == kind


def test_annotations_of_other_tools_are_opened(tmp_path: Path) -> None:
    write_json(tmp_path / "export.json", [{"data": {"video": "v.mp4"}, "annotations": [{}]}])
    (tmp_path / "v.eaf").write_text("<ANNOTATION_DOCUMENT/>")
    (tmp_path / "events.tsv").write_text("Observation id\tBehavior\tStart (s)\nv\trun\t1\n")
    for path in tmp_path.iterdir():
        annotations = read_path(path).annotations
        assert annotations is not None
        assert [video.name for video in annotations.videos] == ["v"]


def test_lpat_detects_folder_is_its_detections_and_a_table_has_other_suffixes(
    tmp_path: Path,
) -> None:
    write_json(tmp_path / "detections.json", DETECTIONS)
    assert read_path(tmp_path).kind == "detections"
    (tmp_path / "t.tsv").write_text("video\tlabels\none\tjump\n")
    assert read_path(tmp_path / "t.tsv").kind == "annotations"
    (tmp_path / "t.xlsx").touch()
    with pytest.raises(LpatError, match="not a spreadsheet's own file"):
        read_path(tmp_path / "t.xlsx")


def test_what_is_left_out_and_passed_over_is_told(
    folder: Path, open_paths: Callable[..., None], workspace: Workspace
) -> None:
    (folder / "other.weird").touch()
    open_paths(folder)
    assert workspace.notices.latest is not None
    assert "1 other file passed over (.weird)" in workspace.notices.latest.text
    row = {"label": "jump", "score": 1, "segment": [2, 2]}
    write_json(folder / "detections.json", {"results": {"one": [row]}})
    open_paths(folder / "detections.json")
    assert "1 detections take no time or start before 0" in workspace.notices.latest.text


def test_other_json_is_refused_by_name(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(LpatError, match=r"x\.json: expected annotations .* or detections"):
        read_path(tmp_path / "x.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LpatError, match=r"gone\.mp4: no such file"):
        read_path(tmp_path / "gone.mp4")


def test_everything_may_be_opened_at_once(
    open_paths: Callable[..., None], folder: Path, workspace: Workspace, models: list[Path]
) -> None:
    names = ("annotations.json", "detections.json", "model.onnx", "one.mp4")
    open_paths(*(folder / name for name in names))
    assert workspace.name == "one"
    assert workspace.truth is not None
    assert [layer.name for layer in workspace.layers.all] == ["detections.json"]
    assert models == [folder / "model.onnx"]
    assert workspace.notices.latest is None


def test_a_bad_file_is_named_and_the_next_is_opened(
    open_paths: Callable[..., None], folder: Path, workspace: Workspace
) -> None:
    open_paths(folder / "gone.json", folder / "one.mp4")
    assert workspace.name == "one"
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text.endswith("gone.json: no such file")


def test_a_folder_is_a_list_whose_first_video_is_open(
    open_paths: Callable[..., None], folder: Path, workspace: Workspace
) -> None:
    open_paths(folder)
    playlist = workspace.playlist
    assert [source.name for source in playlist.inputs] == ["one", "two"]
    assert workspace.name == "one"
    following = playlist.neighbour(1)
    assert following is not None
    assert following.name == "two"
    assert playlist.neighbour(-1) is None


def test_annotations_without_the_video_say_so(
    open_paths: Callable[..., None], folder: Path, workspace: Workspace
) -> None:
    (folder / "three.mp4").touch()
    open_paths(folder / "three.mp4", folder / "annotations.json")
    assert workspace.notices.latest is not None
    assert "no video named 'three'" in workspace.notices.latest.text
