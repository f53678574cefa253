"""Files of ambiguous intervals: what is read, and the one line that each broken one gives."""

from pathlib import Path

import numpy as np
import pytest

from lpat.ambiguous import read_ambiguous
from lpat.errors import AnnotationError


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
        (b"a 2 1", "line 1: segment .* ends before or where it starts"),
        (b"a -1 1", "line 1: segment .* starts before 0"),
        (b"\xff", "expected UTF-8 text"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "ambiguous.txt"
    path.write_bytes(text)
    with pytest.raises(AnnotationError, match=message):
        read_ambiguous(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no such file"):
        read_ambiguous(tmp_path / "ambiguous.txt")


def test_the_official_file_is_read(shared_data: Path) -> None:
    intervals = read_ambiguous(shared_data / "thumos14" / "ambiguous_test.txt")
    assert sum(map(len, intervals.values())) == 99
    np.testing.assert_array_equal(intervals["video_test_0000278"], [[0, 1.4], [95.7, 97.2]])
