"""Arrays found in a .npy of objects without its pickle: the same as NumPy's, or one clear line."""

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.errors import FeatureError
from lpat.pickled_arrays import ArrayPlace, Stretch, find_arrays, is_array_of_objects


def objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def of_objects(path: Path, array: np.ndarray, protocol: int) -> Path:
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
    path = of_objects(tmp_path / "all.npy", objects(*videos(dtype)), protocol)
    places = find_arrays(path)
    for place, theirs in zip(places, np.load(path, allow_pickle=True), strict=True):
        np.testing.assert_array_equal(place.read(path), theirs)
        assert place.read(path).dtype.newbyteorder("=") == theirs.dtype.newbyteorder("=")


def test_long_arrays_are_mapped_where_the_file_holds_them_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "all.npy", objects(*videos()), allow_pickle=True)
    places = find_arrays(tmp_path / "all.npy")
    assert [isinstance(place.data, Stretch) for place in places] == [False, False, True, True]
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
    assert is_array_of_objects(path)
    for place, expected in zip(find_arrays(path), cube, strict=True):
        np.testing.assert_array_equal(place.read(path), expected)


def test_an_array_that_stands_twice_comes_twice(tmp_path: Path) -> None:
    array = videos()[2]
    np.save(tmp_path / "all.npy", objects(array, array), allow_pickle=True)
    one, two = find_arrays(tmp_path / "all.npy")
    assert one == two


def test_files_of_one_array_are_told_apart(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", videos()[0])
    (tmp_path / "none.npy").write_bytes(b"")
    assert not is_array_of_objects(tmp_path / "one.npy")
    assert not is_array_of_objects(tmp_path / "none.npy")


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
    path = of_objects(tmp_path / "all.npy", objects(*entries), protocol)
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
    path = of_objects(tmp_path_factory.getbasetemp() / "damaged.npy", objects(*videos()), 4)
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place : place + len(damage)] = damage
    path.write_bytes(content)
    try:
        places = find_arrays(path)
        assert all(isinstance(its, ArrayPlace) and its.read(path).ndim == 2 for its in places)
    except FeatureError as error:
        assert "\n" not in str(error)  # noqa: PT017
