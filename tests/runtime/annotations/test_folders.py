"""Folders name labels, and what contradicts itself is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lpat.annotations.folders import annotations_of_folders, labels_of_folders
from lpat.errors import AnnotationError, UsageError
from lpat.inputs import find_inputs


def make(folder: Path, **contents: str) -> dict[str, Path]:
    """Files by the names that lpat gives them; `__` in a keyword parts folders."""
    for name, content in contents.items():
        path = folder / f"{name.replace('__', '/')}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return {source.name: source.file for source in find_inputs([folder])}


def test_the_folder_directly_above_names_the_label(tmp_path: Path) -> None:
    paths = make(tmp_path, jump__a="1", sport__run__b="2", jump__c="3", top="4")
    found = labels_of_folders(paths, [tmp_path])
    assert found.labels == {"a": ("jump",), "b": ("run",), "c": ("jump",)}
    assert found.untold == ("top",)
    assert found.remarks == ()


@pytest.mark.parametrize("name", ["nothing", "None", "BACKGROUND", "_"])
def test_some_folders_say_that_nothing_happens(tmp_path: Path, name: str) -> None:
    make(tmp_path, jump__b="2")
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.mp4").write_text("1")
    paths = {source.name: source.file for source in find_inputs([tmp_path])}
    assert labels_of_folders(paths, [tmp_path]).labels == {"a": (), "b": ("jump",)}


def test_a_video_in_two_folders_shows_both_labels(tmp_path: Path) -> None:
    paths = make(tmp_path, jump__a="same", run__b="same", run__c="else", swim__a="size")
    os.link(tmp_path / "run" / "c.mp4", tmp_path / "swim" / "d.mp4")
    paths["d"] = tmp_path / "swim" / "d.mp4"
    found = labels_of_folders(paths, [tmp_path])
    assert found.labels == {
        "jump/a.mp4": ("jump", "run"),
        "c": ("run", "swim"),
        "swim/a.mp4": ("swim",),  # of the same name, and size, but another video
    }
    assert len(found.remarks) == 2
    assert found.remarks[0].endswith("the same video; it shows jump, run")


def test_something_and_nothing_contradict_each_other(tmp_path: Path) -> None:
    paths = make(tmp_path, jump__a="same", nothing__b="same", run__c="1")
    found = labels_of_folders(paths, [tmp_path])
    assert found.labels == {"c": ("run",)}
    (remark,) = found.remarks
    assert str(tmp_path / "jump" / "a.mp4") in remark
    assert "something happens and nothing does" in remark


def test_empty_files_are_not_the_same_video(tmp_path: Path) -> None:
    paths = make(tmp_path, jump__a="", nothing__b="")
    assert labels_of_folders(paths, [tmp_path]).labels == {"a": ("jump",), "b": ()}


def test_they_are_annotations_without_times(tmp_path: Path) -> None:
    paths = make(tmp_path, jump__a="1", nothing__b="2", c="3", d="4")
    read, lines = annotations_of_folders(paths, [tmp_path])
    assert read.labels_by_video(None) == {"a": ("jump",), "b": ()}
    assert [len(video.segments) for video in read.videos] == [0, 0]
    assert lines == (
        f"{tmp_path}: 2 videos at the top, in no folder that names a label (first: 'c'); left out",
    )


def test_without_a_folder_that_names_a_label_there_is_one_line(tmp_path: Path) -> None:
    paths = make(tmp_path, a="1", nothing__b="2")
    with pytest.raises(AnnotationError, match="but none of 2 videos lies in one"):
        annotations_of_folders(paths, [tmp_path])


def test_a_folder_that_cannot_be_a_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "a;b").mkdir()
    (tmp_path / "a;b" / "c.mp4").touch()
    with pytest.raises(UsageError, match="a;b: can't name a label"):
        labels_of_folders({"c": tmp_path / "a;b" / "c.mp4"}, [tmp_path])
