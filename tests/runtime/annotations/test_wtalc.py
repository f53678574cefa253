"""Folders of W-TALC's arrays: what is read, and the one line that each broken one gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpat.annotations.checks import Finding
from lpat.annotations.reading import read_annotations
from lpat.errors import AnnotationError


def objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def arrays() -> dict[str, np.ndarray]:
    """Four videos: two classes; a list that disagrees; labels without times; nothing."""
    return {
        "videoname": np.array([b"v1", b"v2", b"t1", b"t2"]),
        "subset": np.array([b"validation", b"validation", b"test", b"test"]),
        "segments": objects([[1.0, 2.5], [3, 4]], [[0.5, 9]], [], np.zeros((0, 2))),
        "labels": objects(["Diving", "CliffDiving"], ["Diving"], [], []),
        "labels_all": objects(["Diving", "CliffDiving"], ["Diving", "Shotput"], ["Shotput"], []),
        "duration": np.array([[8.0], [8.5], [0], [3]]),
        "classlist": np.array([b"CliffDiving", b"Diving", b"Shotput"]),
        "extracted_fps": np.array([25.0, 25, 25, 25]),
    }


def written(folder: Path, **changes: np.ndarray | None) -> Path:
    """The folder with the arrays in it, None leaving one out."""
    for name, array in {**arrays(), **changes}.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array, allow_pickle=True)
    return folder


def test_arrays_give_videos_and_findings(tmp_path: Path) -> None:
    (written(tmp_path) / "Ambiguous_test.txt").write_text("t2  0.5 1\nt9 1 2\n")
    read = read_annotations(tmp_path)
    assert [(v.name, v.subset, v.labels, v.duration) for v in read.videos] == [
        ("v1", "validation", ("Diving", "CliffDiving"), 8.0),
        ("v2", "validation", ("Diving",), 8.5),
        ("t1", "test", ("Shotput",), None),
        ("t2", "test", (), 3.0),
        ("t9", "test", (), None),
    ]
    np.testing.assert_array_equal(read.videos[0].segments, [[1, 2.5], [3, 4]])
    np.testing.assert_array_equal(read.videos[3].ambiguous, [[0.5, 1]])
    assert read.findings == (
        Finding("labels", "v2", "no segment shows Shotput"),
        Finding("past_end", "v2", "Diving [0.5, 9.0] in a video of 8.5 s"),
        Finding("duration", "t1", "duration 0.0"),
    )


def test_odd_segments_are_left_out_and_reported(tmp_path: Path) -> None:
    segments = objects([[1.0, 1.0], [3, 4]], [[-1, 9]], [], [])
    read = read_annotations(written(tmp_path, segments=segments, labels_all=None))
    one, two, *_ = read.videos
    np.testing.assert_array_equal(one.segments, [[3, 4]])
    assert (one.labels, two.labels) == (("Diving", "CliffDiving"), ("Diving",))
    assert [(finding.kind, finding.video) for finding in read.findings_in("validation")] == [
        ("left_out", "v1"),
        ("left_out", "v2"),
    ]


def test_lists_of_labels_may_lie_elsewhere(tmp_path: Path) -> None:
    lists = arrays()["labels_all"]
    read = read_annotations(written(tmp_path, labels_all=None, labels_all_1=lists))
    assert read.videos[2].labels == ("Shotput",)


def test_labels_without_segments_are_the_videos_own(tmp_path: Path) -> None:
    labels = objects(["Diving", "CliffDiving"], ["Diving"], ["Shotput"], [])
    read = read_annotations(written(tmp_path, labels=labels, labels_all=None, duration=None))
    assert (read.videos[2].labels, read.videos[2].segments.shape) == (("Shotput",), (0, 2))
    assert read.findings == ()


def test_an_empty_list_beside_labels_without_segments_does_not_hide_them(tmp_path: Path) -> None:
    labels = objects(["Diving", "CliffDiving"], ["Diving"], ["Shotput"], [])
    lists = objects([], ["Diving"], [], [])
    read = read_annotations(written(tmp_path, labels=labels, labels_all=lists, duration=None))
    assert [video.labels for video in read.videos[2:]] == [("Shotput",), ()]
    assert read.findings == (Finding("labels", "v1", "the list lacks Diving, CliffDiving"),)


def test_entries_of_one_length_come_as_a_larger_array(tmp_path: Path) -> None:
    # This is what NumPy makes of lists that happen to be equally long.
    segments = np.arange(16.0).reshape(4, 2, 2)
    labels = np.array([["Diving", "Shotput"]] * 4)
    read = read_annotations(
        written(tmp_path, segments=segments, labels=labels, labels_all=None, duration=None)
    )
    assert {video.labels for video in read.videos} == {("Diving", "Shotput")}
    np.testing.assert_array_equal(read.videos[3].segments, [[12, 13], [14, 15]])


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("segments", None, r"segments\.npy: no such file"),
        ("labels", objects([], []), r"labels\.npy: expected 4 entries, as videoname.* not 2"),
        ("labels_all", objects([]), r"labels_all\.npy: expected 4 entries"),
        ("duration", np.ones(5), r"duration\.npy: expected 4 entries, .* not 5"),
        ("duration", np.ones((4, 2)), "video 'v1': expected a duration in seconds"),
        ("videoname", np.array(["a", "b", "a", "c"]), r"videoname\.npy: 'a' appears twice"),
        ("videoname", np.array([1, 2, 3, 4]), "entry 0: expected a name, not 1"),
        ("videoname", np.array([b"\xff", b"b", b"c", b"d"]), "expected UTF-8 text"),
        ("videoname", np.array(["a", "\ud800", "c", "d"]), "entry 1: expected UTF-8 text"),
        ("videoname", np.array(["a", " ", "c", "d"]), "entry 1: expected a name, not ' '"),
        ("videoname", np.zeros(0, "S1"), "expected 0 entries"),
        ("subset", np.array([b"test", b"dev", b"test", b"test"]),
         "video 'v2': expected the subset training, validation or test, not 'dev'"),
        ("labels", objects(["Diving"], ["Diving"], [], []),
         "video 'v1': expected a label for each of 2 segments, not 1"),
        ("labels", objects(["Diving", 3], ["Diving"], [], []), "labels: expected a name, not 3"),
        ("labels", objects("Diving", [], [], []), "labels: expected a list, not a string"),
        ("segments", objects([[1, 2], [3]], [], [], []), "segment 1: expected a segment"),
        ("segments", objects([[1, 2], [3, np.nan]], [], [], []), "segment 1: expected a segment"),
        ("segments", objects([[1, 2], [3, 10**18]], [[1, "2"]], [], []), "expected a segment"),
        ("segments", objects(1, [], [], []), "segments: expected a list, not 1"),
    ],
)  # fmt: skip
def test_a_broken_array_gives_one_clear_line(
    tmp_path: Path, name: str, array: np.ndarray | None, message: str
) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        read_annotations(written(tmp_path, **{name: array}))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
