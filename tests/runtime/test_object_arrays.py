""".npy files read without NumPy's pickles: what comes back, and the one line of each broken one."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lpat.errors import AnnotationError
from lpat.object_arrays import read_array


def objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def saved(folder: Path, array: np.ndarray) -> Path:
    path = folder / "array.npy"
    np.save(path, array, allow_pickle=True)
    return path


def of_objects(protocol: int, array: np.ndarray, header: str = "") -> bytes:
    """A file as NumPy of another age or Python wrote it."""
    header = header or f"{{'descr': '|O', 'fortran_order': False, 'shape': ({len(array)},), }}"
    text = header.encode() + b" " * 20 + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + pickle.dumps(
        array, protocol
    )  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_objects_come_back_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    values = [[["Diving", "ä"], []], [[1.5, 2]], None]
    path = tmp_path / "array.npy"
    path.write_bytes(of_objects(protocol, objects(*values)))
    assert read_array(path) == np.load(path, allow_pickle=True).tolist() == values


def test_what_numpy_saves_comes_back(tmp_path: Path) -> None:
    array = objects([[1.0, 2.5], [3, 4]], [], np.zeros((0, 2)), [np.float32(1.5)])
    assert read_array(saved(tmp_path, array)) == [[[1.0, 2.5], [3, 4]], [], [], [1.5]]


def test_headers_of_python_2_and_of_version_2_are_read(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    for shape in ("(2L,)", "(2,)"):
        header = f"{{'descr': '|O8', 'fortran_order': False, 'shape': {shape}, }}"
        path.write_bytes(of_objects(2, objects("a", "b"), header))
        assert read_array(path) == ["a", "b"]
    with path.open("wb") as opened:
        np.lib.format.write_array(opened, np.array([1, 2]), version=(2, 0))
    assert read_array(path) == [1, 2]


@settings(deadline=None)
@given(
    arrays.arrays(
        st.sampled_from(["<f8", ">f4", "|b1", "<i8", ">u2", "|i1", "|S5", "<U3", ">U2"]),
        arrays.array_shapes(min_side=0, max_dims=3, max_side=4),
    ),
    st.sampled_from(["C", "F"]),
)
def test_plain_arrays_equal_numpys(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, order: Any
) -> None:
    path = saved(tmp_path_factory.getbasetemp(), np.asarray(array, order=order))
    np.testing.assert_equal(read_array(path), array.tolist())


def header_of(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected one array in NumPy's format"),
        (b"\x93NUMPY", "expected one array in NumPy's format"),
        (b"PK\x03\x04" + bytes(40), "expected one array in NumPy's format"),
        (header_of("{}"), "expected one array in NumPy's format"),
        (header_of("__import__('os').abort()"), "expected one array in NumPy's format"),
        (header_of("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }") + bytes(8),
         "array of 16 bytes, not of 8"),
        (header_of("{'descr': '<f8', 'fortran_order': False, 'shape': (), }") + bytes(8),
         "expected an array of 1 to 16 dimensions"),
        (header_of("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999, 0), }"),
         "at most 4194304 entries"),
        (header_of("{'descr': '<c16', 'fortran_order': False, 'shape': (0,), }"),
         "array of numbers or text, not of '<c16'"),
        (header_of("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }") + b"\xff" * 4,
         "expected an array of text, but it isn't Unicode"),
        (of_objects(2, objects(1), "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"),
         "expected a pickled array of 2 entries"),
        (header_of("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }") + b"K\x01.",
         "expected a pickled array of 2 entries"),
        (header_of("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }")
         + b"cos\nsystem\n(U\x04truetR.", "expected plain data, not the name 'os system'"),
        (of_objects(4, objects([1.0], "a"))[:-9], "expected a whole pickle, but"),
    ],
)  # fmt: skip
def test_a_broken_file_gives_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "array.npy"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=message) as caught:
        read_array(path)
    assert str(caught.value).startswith(f"{path}: expected")
    assert "\n" not in str(caught.value)


def test_structured_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="expected one array in NumPy's format"):
        read_array(saved(tmp_path, np.zeros(2, [("a", "f8")])))


def test_files_that_arent_there_or_are_too_large_are_named(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    with pytest.raises(AnnotationError, match=r"array\.npy: no such file"):
        read_array(path)
    with path.open("wb") as opened:
        opened.truncate((1 << 25) + 1)
    with pytest.raises(AnnotationError, match="expected at most 33554432 bytes"):
        read_array(path)
    with pytest.raises(AnnotationError, match="can't be read"):
        read_array(tmp_path)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_header_gives_an_error_or_a_list(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    whole = io.BytesIO()
    np.save(whole, np.arange(3))
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    path.write_bytes(whole.getvalue()[:20] + content + whole.getvalue()[20 + len(content) :])
    try:
        value = read_array(path)
    except AnnotationError:
        return
    assert isinstance(value, list)
