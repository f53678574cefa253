"""What a path evidently is, for messages."""

from pathlib import Path

import pytest

from lpat.files.kinds import but_it_is, kind_of


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.ONNX", b"", "an ONNX file"),
        ("clip.MOD", b"", None),
        ("clip.mp4", b"", "a video"),
        ("i3d.pt", b"", "a checkpoint of PyTorch"),
        ("a.npy", b"", "a file of features or weights"),
        ("a.csv", b"", "a table"),
        ("a.xlsx", b"", "a spreadsheet"),
        ("a.json", b'{"database": {}}', "a file of annotations"),
        ("a.json", b'{"results": {}}', "a file of detections"),
        ("a.json", b'{"inputs": []}', "the record of a batch"),
        ("a.json", b'{"other": []}', None),
        ("a.json", b"[1]", None),
        ("a.json", b"\xff{", None),
        ("a.json", b"[" * 100_000, None),
        ("a.txt", b"", None),
        ("config.toml", b"", None),
    ],
)
def test_a_file_is_told_by_its_suffix_and_json_by_its_content(
    tmp_path: Path, name: str, content: bytes, kind: str | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert kind_of(path) == kind
    assert but_it_is(path) == ("" if kind is None else f"; it is {kind}")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ((), "a folder"),
        (("a.txt",), "a folder"),
        (("a.mp4",), "a folder of videos"),
        (("detections.json", "run.json"), "an output folder of lpat-detect"),
        (("config.toml", "run.json"), "the run of a training, of which lpat-export makes a model"),
    ],
)
def test_a_folder_is_told_by_what_it_holds(
    tmp_path: Path, names: tuple[str, ...], kind: str
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert kind_of(tmp_path) == kind


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "nowhere.mp4") is None
    assert kind_of(tmp_path / ("x" * 5000)) is None
