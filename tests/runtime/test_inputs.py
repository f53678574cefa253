"""From paths to inputs with names of their own."""

from pathlib import Path

import pytest

from lpat.errors import UsageError
from lpat.inputs import find_inputs


def make_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names_of(*paths: Path) -> list[str]:
    return [source.name for source in find_inputs(paths)]


def test_a_folder_gives_its_videos_and_features_at_any_depth(tmp_path: Path) -> None:
    make_files(tmp_path, "b.mp4", "a.MOV", "notes.txt", "sub/c.npy", ".hidden.mp4", "x.onnx")
    found = find_inputs([tmp_path])
    assert [source.name for source in found] == ["a", "b", "c"]
    assert [source.holds_features for source in found] == [False, False, True]


def test_equal_base_names_are_kept_apart(tmp_path: Path) -> None:
    make_files(tmp_path, "a/clip.mp4", "b/clip.mp4", "b/clip.mkv", "b/other.mp4")
    assert sorted(names_of(tmp_path)) == ["a/clip.mp4", "b/clip.mp4", "clip.mkv", "other"]


def test_a_name_never_clashes_with_anothers_suffix(tmp_path: Path) -> None:
    make_files(tmp_path, "clip.mp4", "clip.mov", "clip.mp4.mkv")
    names = names_of(tmp_path)
    assert len(set(names)) == 3


def test_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    make_files(tmp_path, "sub/clip.mp4")
    path = tmp_path / "sub" / "clip.mp4"
    assert names_of(path, tmp_path / "sub" / ".." / "sub" / "clip.mp4", tmp_path) == ["clip"]


def test_a_file_that_is_not_there_stays_to_fail_by_name(tmp_path: Path) -> None:
    assert names_of(tmp_path / "nowhere.mp4") == ["nowhere"]


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    make_files(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match="expected a folder with videos or feature files"):
        find_inputs([tmp_path])
