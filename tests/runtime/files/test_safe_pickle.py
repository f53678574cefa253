"""Pickles read as data: what NumPy writes is understood, and whatever would run is refused."""

import os
import pickle
import struct
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.errors import AnnotationError
from lpat.files.safe_pickle import read_plain_pickle

PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3, 4, 5])


def objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


@PROTOCOLS
def test_plain_values_come_back(protocol: int) -> None:
    values = [None, True, False, 0, 255, 256, 70_000, -1, 2**40, -(2**62), 1.5, "ä", b"\xff", b""]
    values += [[], [[]], "x" * 300, b"y" * 300]
    assert read_plain_pickle(pickle.dumps(values, protocol)) == values
    tuples = [tuple(range(length)) for length in range(6)]
    assert read_plain_pickle(pickle.dumps(tuples, protocol)) == [list(entry) for entry in tuples]


@PROTOCOLS
def test_arrays_become_lists(protocol: int) -> None:
    numbers = objects([[1.0, 2.5]], np.float64(3), np.int32(-4), np.bool_(True), np.str_("Diving"))
    expected = [[[1.0, 2.5]], 3.0, -4, True, "Diving"]
    assert read_plain_pickle(pickle.dumps(numbers, protocol)) == expected
    grid = objects(*range(6)).reshape(2, 3)
    assert read_plain_pickle(pickle.dumps(grid, protocol)) == [[0, 1, 2], [3, 4, 5]]
    assert read_plain_pickle(pickle.dumps(np.asfortranarray(grid), protocol)) == grid.tolist()
    assert read_plain_pickle(pickle.dumps(objects(), protocol)) == []


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array([b"a", b"longer"]),
        np.array(["a", "länger"]),
        np.array([True, False]),
        np.zeros((0, 2)),
        np.zeros((2, 0), np.float32),
    ],
)
def test_arrays_within_arrays_become_lists(protocol: int, array: np.ndarray) -> None:
    outer = objects(array, [array])
    assert read_plain_pickle(pickle.dumps(outer, protocol)) == [array.tolist(), [array.tolist()]]


def test_the_older_and_the_newer_numpy_name_the_same() -> None:
    older = pickle.dumps(objects("a"), 2).replace(b"numpy._core.", b"numpy.core.")
    newer = older.replace(b"numpy.core.", b"numpy._core.")
    assert {newer.count(b"._core."), older.count(b"._core.")} == {0, 1}
    assert read_plain_pickle(newer) == read_plain_pickle(older) == ["a"]


PYTHON_2 = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03"
    b"U\x01b\x87q\x04Rq\x05(K\x01K\x02\x85q\x06cnumpy\ndtype\nq\x07U\x02O8K\x00K\x01\x87Rq\x08"
    b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]q\x09(%b%bet\x62."
)


def test_python_2_strings_are_bytes() -> None:
    first = b"]q\x0a(U\x06DivingU\x02\xc3\xa4T\x03\x00\x00\x00runX\x02\x00\x00\x00\xc3\xa4e"
    # A scalar as Python 2 writes it: numpy.float64(2.5).
    second = (
        b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x08" + struct.pack("<d", 2.5)
    ) + b"\x86R"
    values = read_plain_pickle(PYTHON_2 % (first, second))
    assert values == [[b"Diving", b"\xc3\xa4", b"run", "ä"], 2.5]


class Reduced:
    """Pickles as a call."""

    def __init__(self, *reduced: Any) -> None:
        self._reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self._reduced


@PROTOCOLS
@pytest.mark.parametrize(
    ("value", "refused"),
    [
        (Reduced(os.system, ("true",)), f"the name '{os.name} system'"),
        (Reduced(eval, ("1",)), "the name '(__builtin__|builtins) eval'"),
        (Reduced(getattr, ("a", "b")), "the name '(__builtin__|builtins) getattr'"),
        (np.load, "the name 'numpy load'"),
        (np.float64, "the name 'numpy float64'"),
        (OrderedDict(a=1), "the name 'collections OrderedDict'"),
        (Fraction(1, 2), "the name 'fractions Fraction'"),
        ({"a": 1}, "the pickle instruction EMPTY_DICT"),
        (
            np.datetime64(1, "s"),
            "(of '<M8'|the pickle instruction EMPTY_DICT)",
        ),  # newer, older NumPy
    ],
)
def test_what_is_no_plain_data_is_refused(protocol: int, value: Any, refused: str) -> None:
    with pytest.raises(AnnotationError, match=f"^expected .*, not {refused}$"):
        read_plain_pickle(pickle.dumps([value], protocol))


def test_nothing_is_run_or_imported(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for protocol in (2, 3, 4, 5):
        payload = pickle.dumps(Reduced(Path.touch, (made,)), protocol)
        with pytest.raises(AnnotationError):
            read_plain_pickle(payload)
    with pytest.raises(AnnotationError, match="not the name 'lpat_nowhere f'"):
        read_plain_pickle(b"\x80\x02clpat_nowhere\nf\n)R.")
    assert not made.exists()
    pickle.loads(pickle.dumps(Reduced(Path.touch, (made,))))
    assert made.exists()  # so that the payload would have


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
F8 = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
O8 = b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"cos\nsystem\nU\x04true\x85R.", "not the name 'os system'"),
        (b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93.", "not the name 'os system'"),
        (b"K\x01X\x01\x00\x00\x00a\x93.", "it names something by no text"),
        (b"cnumpy\nndarray\n.", "not numpy ndarray"),
        (b"cnumpy\nndarray\n)R.", "not a call of numpy ndarray"),
        (b"cnumpy\ndtype\nU\x02f8\x85R.", "not a call of numpy dtype"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00base64\x86R.",
         "not a call of _codecs encode"),
        (b"c__builtin__\nbytes\nK\x05\x85R.", "not a call of __builtin__ bytes"),
        (b"cnumpy.core.multiarray\n_reconstruct\nNK\x00\x85U\x01b\x87R.", "_reconstruct"),
        (b"U\x01aK\x01\x85R.", "not a call of plain data"),
        (b"]}b.", "not the pickle instruction EMPTY_DICT"),
        (b"]Nb.", "not a state of plain data"),
        (b"cnumpy\nndarray\nNb.", "not a state of numpy ndarray"),
        (ARRAY + b".", "not numpy's array"),
        (b"]" + ARRAY + b"a.", "not numpy's array"),
        (F8 + b".", "not numpy's dtype"),
        (b"\x82\x01.", "not the pickle instruction EXT1"),
        (b"Pid\n.", "not the pickle instruction PERSID"),
        (b"NQ.", "not the pickle instruction BINPERSID"),
        (b"(ios\nsystem\n.", "not the pickle instruction INST"),
        (b"(cos\nsystem\no.", "not the name 'os system'"),
        (b"cnumpy\nndarray\n)\x81.", "not the pickle instruction NEWOBJ"),
        (b"\x8a\x09" + b"\x01" * 9 + b".", "integers of 64 bits"),
        (b"]" * 100_000 + b"a" * 99_999 + b".", "at most 16 lists within lists"),
        (b")" + b"\x85" * 100_000 + b".", "at most 16 lists within lists"),
        (b"]q\x00h\x00a.", "at most 16 lists within lists"),
        (b"Nr\xff\xff\xff\xff.", "fewer values in a pickle's memo than 4294967295"),
        (b"h\x07.", "its memo lacks number 7"),
        (b"", "expected a whole pickle, but"),
        (b"N", "pickle exhausted before seeing STOP"),
        (b"\xfe.", "expected a whole pickle, but"),
        (b"X\xff\x00\x00\x00a", "expected a whole pickle, but"),
        (b"B\xff\xff\xff\x7fa.", "expected a whole pickle, but"),
        (b".", "it takes what it never made"),
        (b"a.", "it takes what it never made"),
        (b"t.", "it lacks a mark"),
        (b"(.", "it takes what it never made"),
        (b"NN.", "of one value"),
        (b"NNa.", "appends to what is no list"),
        (b"cnumpy\n\xff\n.", "expected a whole pickle, but"),
        (b"cnumpy\n\\u\n.", "not the name"),
    ],
)  # fmt: skip
def test_a_pickle_of_anything_else_gives_one_clear_line(payload: bytes, message: str) -> None:
    with pytest.raises(AnnotationError, match=message) as caught:
        read_plain_pickle(payload)
    assert "\n" not in str(caught.value)


def built(dtype: bytes, shape: bytes, data: bytes) -> bytes:
    return ARRAY + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb."


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (built(F8, b"K\x02\x85", b"U\x08" + bytes(8)), "array of 16 bytes, not of 8"),
        (built(F8, b"K\x01\x85", b"]"), "objects in a list, or numbers in bytes"),
        (built(O8, b"K\x02\x85", b"]"), r"array of shape \(2,\), not 0 entries"),
        (built(O8, b"K\x00\x85", b"U\x00"), "array of numbers or text, not of '=O8'"),
        (built(O8, b")", b"]"), "1 to 16 dimensions"),
        (built(O8, b"(" + b"K\x01" * 17 + b"t", b"]"), "1 to 16 dimensions"),
        (built(O8, b"J\xff\xff\xff\xff\x85", b"]"), "isn't one of whole numbers"),
        (built(O8, b"U\x01a\x85", b"]"), "isn't one of whole numbers"),
        (built(O8, b"\x88\x85", b"]"), "isn't one of whole numbers"),
        # No entry, but a list for each row.
        (built(F8, b"J\xff\xff\xff\x7fK\x00\x86", b"U\x00"), "at most .* entries"),
        (built(F8.replace(b"f8", b"S0"), b"J\xff\xff\x00\x00\x85", b"U\x00"),
         "not of '=S0'"),
        (built(O8, b"K\x00\x85", b"]").replace(b"tb.", b"tbNb."), "not a state of numpy's array"),
    ],
)  # fmt: skip
def test_an_array_that_contradicts_itself_gives_one_clear_line(
    payload: bytes, message: str
) -> None:
    with pytest.raises(AnnotationError, match=message):
        read_plain_pickle(payload)


TOWER = b"]q\x00" + b"".join(  # each list holds the one before ten times
    b"](" + bytes([ord("h"), number]) * 10 + b"eq" + bytes([number + 1]) for number in range(12)
)
FRUITFUL = (
    b"](c_codecs\nencode\nq\x00X@B\x0f\x00"
    + b"a" * 1_000_000
    + (b"X\x06\x00\x00\x00latin1\x86q\x01" + b"h\x00h\x01R" * 100 + b"e")
)  # a million letters, as bytes a hundred times


@pytest.mark.parametrize("payload", [b"(" + TOWER + b"t", FRUITFUL, b"N" * (1 << 21)])
def test_a_small_file_cant_take_much_memory_or_time(payload: bytes) -> None:
    with pytest.raises(AnnotationError, match="at most 2097152 steps and entries"):
        read_plain_pickle(payload + b".")


@PROTOCOLS
def test_a_truncated_pickle_is_refused_wherever_it_ends(protocol: int) -> None:
    payload = pickle.dumps(objects([[1.0, 2]], ["Diving"], np.float64(1)), protocol)
    for length in range(len(payload)):
        with pytest.raises(AnnotationError):
            read_plain_pickle(payload[:length])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_gives_an_error_or_plain_data(data: st.DataObject) -> None:
    payload = bytearray(pickle.dumps(objects([[1.0, 2]], ["a"], np.arange(2), np.str_("b")), 2))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place] = data.draw(st.integers(0, 255))
    try:
        value = read_plain_pickle(bytes(payload))
    except AnnotationError:
        return
    assert isinstance(value, list | str | bytes | int | float)


Plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
    | st.text() | st.binary(),
    st.lists,
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(Plain), st.sampled_from([2, 3, 4, 5]))
def test_it_reads_what_pickle_reads(values: list[Any], protocol: int) -> None:
    payload = pickle.dumps(objects(*values), protocol)
    assert read_plain_pickle(payload) == pickle.loads(payload).tolist() == values
