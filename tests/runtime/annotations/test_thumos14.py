"""Folders of THUMOS'14's text files: what is read, and the one line that each broken one gives."""

from pathlib import Path

import numpy as np
import pytest

from lpat.annotations.checks import Finding
from lpat.annotations.reading import read_annotations
from lpat.annotations.thumos14 import read_ambiguous, read_intervals
from lpat.errors import AnnotationError
from lpat.evaluation.average_precision import evaluate
from lpat.types import Detections

FILES = {
    "Ambiguous_test.txt": "t2  0.0 1.4\nt3 5 6\n",
    "CliffDiving_test.txt": "t1  0.2 1.1\r\nt1 3 4\r\n\r\n",
    "Diving_test.txt": "t2\t7 8.5\n  t1   0.2   1.1  \n",
    "Diving_val.txt": "v1 1 2",
    "Shotput_val.txt": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def test_files_give_classes_and_subsets(folder: Path) -> None:
    read = read_annotations(folder)
    assert [(video.name, video.subset, video.labels) for video in read.videos] == [
        ("t2", "test", ("Diving",)),
        ("t3", "test", ()),
        ("t1", "test", ("CliffDiving", "Diving")),
        ("v1", "validation", ("Diving",)),
    ]
    two, three, one, _ = read.videos
    assert one.segment_labels == ("CliffDiving", "CliffDiving", "Diving")
    np.testing.assert_array_equal(one.segments, [[0.2, 1.1], [3, 4], [0.2, 1.1]])
    np.testing.assert_array_equal(two.ambiguous, [[0, 1.4]])
    np.testing.assert_array_equal(three.ambiguous, [[5, 6]])
    assert (one.duration, one.ambiguous.shape, read.findings) == (None, (0, 2), ())


def test_a_video_with_ambiguous_times_alone_is_judged_and_never_learned(folder: Path) -> None:
    read = read_annotations(folder)
    assert list(read.labels_by_video("test")) == ["t2", "t1"]
    rows = Detections(("Diving",), np.array([[7, 8.0], [5, 5.5]]), np.zeros(2, int), np.ones(2))
    evaluation = evaluate(read.in_subset("test"), {"t3": rows}, tious=[0.5], protocol="thumos14")
    counts = evaluation.videos, evaluation.unlisted_videos, evaluation.untimed_videos
    assert counts == (3, 0, 0)


def test_odd_segments_are_reported(folder: Path) -> None:
    (folder / "Shotput_val.txt").write_text("v1 5 5\nv1 6 7\nv1 6 7\nv2 -1 2\n")
    (folder / "Ambiguous_val.txt").write_text("v1 3 2\n")
    read = read_annotations(folder)
    one, two = read.in_subset("validation")
    assert (one.labels, one.segment_labels) == (("Diving", "Shotput"), ("Diving", *["Shotput"] * 2))
    np.testing.assert_array_equal(one.segments, [[1, 2], [6, 7], [6, 7]])
    assert one.ambiguous.shape == two.segments.shape == (0, 2)
    assert two.labels == ("Shotput",)  # though nobody knows when
    assert (one.odd, two.odd) == (True, True)
    assert read.findings == read.findings_in("validation") == (
        Finding("duplicate", "v1", "Shotput [6.0, 7.0] stands 2 times"),
        Finding("left_out", "v1", "Ambiguous [3.0, 2.0] ends before or where it starts"),
        Finding("left_out", "v1", "Shotput [5.0, 5.0] ends before or where it starts"),
        Finding("left_out", "v2", "Shotput [-1.0, 2.0] starts before 0"),
    )  # fmt: skip
    assert read.findings_in("test") == ()


@pytest.mark.parametrize("name", ["detclasslist.txt", "._Diving_test.txt", "Diving_test.txt.zip"])
def test_other_files_are_passed_over(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\xff")
    (folder / "Nested_test.txt").mkdir()
    assert len(read_annotations(folder).videos) == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Run_test.txt", b"t1 0 1\nt1 0\n", r"Run_test\.txt: line 2: expected `video start end`"),
        ("Run_test.txt", b"t1 0 1 2", "line 1: expected `video start end`, not 't1 0 1 2'"),
        ("Run_test.txt", b"t1 0 nan", r"line 1: expected a segment \[start, end\] in seconds"),
        ("Run_test.txt", b"\r\nt1 0 inf", r"line 2: expected a segment \[start, end\]"),
        ("Run_test.txt", b"t1 \xff", r"Run_test\.txt: expected UTF-8 text, but byte 3 isn't"),
        ("Run_test.txt", b"v1 0 1", "line 1: video 'v1' is in the subset validation already"),
        ("Run_train.txt", b"t1 0 1", r"CLASS_test\.txt or CLASS_val\.txt, not the subset 'train'"),
        ("videoname.npy", b"", "it has both"),
    ],
)
def test_a_broken_file_gives_one_clear_line(
    folder: Path, name: str, content: bytes, message: str
) -> None:
    (folder / "Diving_test.txt").unlink()
    (folder / "CliffDiving_test.txt").unlink()
    (folder / "A_val.txt").write_text("v1 1 2")
    (folder / name).write_bytes(content)
    with pytest.raises(AnnotationError, match=message) as caught:
        read_annotations(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [[], ["readme.txt"], ["Ambiguous_test.txt"]])
def test_a_folder_of_neither_kind_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("t1 0 1\n")
    with pytest.raises(AnnotationError, match=r"or either .* but it has neither"):
        read_annotations(tmp_path)


def test_files_without_a_line_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Run_test.txt").write_text("\n")
    with pytest.raises(AnnotationError, match="expected annotated videos, but it has none"):
        read_annotations(tmp_path)


def test_intervals_are_grouped_by_video_in_order(tmp_path: Path) -> None:
    path = tmp_path / "ambiguous.txt"
    path.write_text("b  5.0 6.5\n\na 0 1\r\nb\t1 2 \n")
    intervals = read_ambiguous(path)
    assert list(intervals) == ["b", "a"]
    np.testing.assert_array_equal(intervals["b"], [[5, 6.5], [1, 2]])
    np.testing.assert_array_equal(intervals["a"], [[0, 1]])


def test_an_empty_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "ambiguous.txt"
    path.write_text("")
    assert read_ambiguous(path) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a 0 1\nb 1\n", "line 2: expected `video start end`, not 'b 1'"),
        (b"a 0 1 2", "line 1: expected `video start end`"),
        (b"a 0 x", "line 1: expected `video start end`, not 'a 0 x'"),
        (b"a 0 nan", r"line 1: expected a segment \[start, end\] in seconds"),
        (b"\xff", "expected UTF-8 text"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "ambiguous.txt"
    path.write_bytes(text)
    with pytest.raises(AnnotationError, match=message):
        read_ambiguous(path)


def test_intervals_that_no_video_can_show_are_left_out_and_found(tmp_path: Path) -> None:
    path = tmp_path / "ambiguous.txt"
    path.write_text("a 2 1\na 3 3\nb 1 2\nb -1 1\n")
    intervals, findings = read_intervals(path)
    assert list(intervals) == list(read_ambiguous(path)) == ["b"]
    np.testing.assert_array_equal(intervals["b"], [[1, 2]])
    assert [(its.kind, its.video, its.message) for its in findings] == [
        ("intervals", "a", "[2.0, 1.0] ends before or where it starts"),
        ("intervals", "a", "[3.0, 3.0] ends before or where it starts"),
        ("intervals", "b", "[-1.0, 1.0] starts before 0"),
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no such file"):
        read_ambiguous(tmp_path / "ambiguous.txt")


def test_the_official_file_is_read(shared_data: Path) -> None:
    intervals = read_ambiguous(shared_data / "thumos14" / "ambiguous_test.txt")
    assert sum(map(len, intervals.values())) == 99
    np.testing.assert_array_equal(intervals["video_test_0000278"], [[0, 1.4], [95.7, 97.2]])
