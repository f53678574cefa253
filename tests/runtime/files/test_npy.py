""".npy files read without NumPy's pickles: what comes back, and the one line of each broken one."""

import io
import pickle
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lpat.errors import AnnotationError, FeatureError
from lpat.files.npy import ArrayPlace, ByteRange, find_arrays, leading_header, read_array


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


def file_of_objects(path: Path, array: np.ndarray, protocol: int) -> Path:
    """A file as NumPy of another age or Python wrote it."""
    text = f"{{'descr': '|O', 'fortran_order': False, 'shape': ({len(array)},), }}\n".encode()
    head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text
    path.write_bytes(head + pickle.dumps(array, protocol))
    return path


def videos(dtype: str = "<f4") -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.normal(size=(length, 8)).astype(dtype) for length in (1, 3, 700, 40)]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4", "<f2"])
def test_arrays_are_those_that_numpy_unpickles(tmp_path: Path, protocol: int, dtype: str) -> None:
    path = file_of_objects(tmp_path / "all.npy", objects(*videos(dtype)), protocol)
    places = find_arrays(path)
    for place, theirs in zip(places, np.load(path, allow_pickle=True), strict=True):
        np.testing.assert_array_equal(place.read(path), theirs)
        assert place.read(path).dtype.newbyteorder("=") == theirs.dtype.newbyteorder("=")


def test_long_arrays_are_mapped_where_the_file_holds_them_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "all.npy", objects(*videos()), allow_pickle=True)
    places = find_arrays(tmp_path / "all.npy")
    assert [isinstance(place.data, ByteRange) for place in places] == [False, False, True, True]
    assert isinstance(places[2].read(tmp_path / "all.npy"), np.memmap)


def by_python_2(*arrays: np.ndarray) -> bytes:
    """What Python 2 wrote: protocol 2, with the bytes of arrays as its own strings."""
    start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    inner = b"".join(
        start
        + b"(K\x01" + b"M" + struct.pack("<H", len(its)) + b"K" + bytes([its.shape[1]])
        + b"\x86cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        + b"J\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", its.nbytes) + its.tobytes() + b"tb"
        for its in arrays
    )  # fmt: skip
    outer = b"(K\x01K" + bytes([len(arrays)]) + b"\x85cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R"
    state = b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](" + inner + b"etb."
    return b"\x80\x02" + start + outer + state


def test_what_python_2_wrote_comes_back(tmp_path: Path) -> None:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }\n"
    head = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    path = tmp_path / "all.npy"
    path.write_bytes(head + by_python_2(*videos()))
    theirs = np.load(path, allow_pickle=True, encoding="bytes")
    for place, array, other in zip(find_arrays(path), videos(), theirs, strict=True):
        np.testing.assert_array_equal(place.read(path), array)
        np.testing.assert_array_equal(other, array)


def test_columns_and_equal_lengths_are_understood(tmp_path: Path) -> None:
    path, array = tmp_path / "all.npy", np.asfortranarray(videos()[2])
    np.save(path, objects(array, array + 1), allow_pickle=True)
    np.testing.assert_array_equal(find_arrays(path)[1].read(path), array + 1)
    cube = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.save(path, cube)
    header = leading_header(path)
    assert header is not None
    assert (header.holds_objects, header.shape) == (False, (2, 3, 4))
    for place, expected in zip(find_arrays(path), cube, strict=True):
        np.testing.assert_array_equal(place.read(path), expected)


def test_an_array_that_stands_twice_comes_twice(tmp_path: Path) -> None:
    array = videos()[2]
    np.save(tmp_path / "all.npy", objects(array, array), allow_pickle=True)
    one, two = find_arrays(tmp_path / "all.npy")
    assert one == two


def test_a_file_without_a_header_has_none(tmp_path: Path) -> None:
    (tmp_path / "none.npy").write_bytes(b"")
    assert leading_header(tmp_path / "none.npy") is None


def test_one_object_is_refused_with_the_line_that_makes_arrays_of_it(tmp_path: Path) -> None:
    path = tmp_path / "all.npy"
    np.save(path, np.array({"a": videos()[0], "b": videos()[1]}, object), allow_pickle=True)
    with pytest.raises(FeatureError, match="if you trust the file, convert it by") as caught:
        find_arrays(path)
    command = shlex.split(str(caught.value).partition("convert it by: ")[2])
    subprocess.run([sys.executable, *command[1:]], check=True)
    with np.load(tmp_path / "all.npz") as made:
        np.testing.assert_array_equal(made["b"], videos()[1])


class Hostile:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((videos()[0], [1.0]), r"entry 1: expected an array \(T, D\) of floats, not something"),
        ((np.zeros(3, np.float32),), r"entry 0: .* not shape \(3,\)"),
        ((np.zeros((900, 4), np.int64),), "expected an array of objects in a list, or numbers"),
        ((Hostile(),), "expected plain data, not"),
        ((b"x" * 5000,), "expected plain data"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_other_entries_are_refused_and_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: Any, message: str, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    path = file_of_objects(tmp_path / "all.npy", objects(*entries), protocol)
    with pytest.raises(FeatureError, match=message) as caught:
        find_arrays(path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "executed").exists()


def test_a_truncated_file_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "all.npy"
    np.save(path, objects(*videos()), allow_pickle=True)
    whole = path.read_bytes()
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(FeatureError, match="expected"):
            find_arrays(path)
    with pytest.raises(FeatureError, match="no such file"):
        find_arrays(tmp_path / "none.npy")
    with pytest.raises(FeatureError, match="can't be read"):
        find_arrays(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"<NNN", b"ZNNN"), (b"f4", b"V4"), (b"M\xbc\x02", b"M\xbd\x02"), (b"(K\x01M", b"(K\x01N")],
)
def test_a_broken_dtype_or_shape_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }\n"
    pickled = by_python_2(*videos())
    assert old in pickled
    path = tmp_path / "all.npy"
    path.write_bytes(
        b"\x93NUMPY\x01\x00"
        + len(header).to_bytes(2, "little")
        + header
        + pickled.replace(old, new)
    )
    with pytest.raises(FeatureError, match="expected"):
        find_arrays(path)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 40_000), st.binary(min_size=1, max_size=8))
def test_any_damage_gives_an_error_or_arrays(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes
) -> None:
    path = file_of_objects(tmp_path_factory.getbasetemp() / "damaged.npy", objects(*videos()), 4)
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    try:
        places = find_arrays(path)
        assert all(isinstance(its, ArrayPlace) and its.read(path).ndim == 2 for its in places)
    except FeatureError as error:
        assert "\n" not in str(error)  # noqa: PT017
