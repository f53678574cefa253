"""Plain data out of a pickle that is never unpickled: lists, text, numbers, arrays of them.

A pickle is a program. `pickletools` takes it apart without running it, and of its instructions only
those that build plain data are carried out here, by an interpreter of a few lines. The names that
NumPy's arrays need are recognised as words: nothing is imported, and nothing of the file's choosing
is called. Any other instruction or name is refused, and so is more work than a budget allows.
"""

from __future__ import annotations

import math
import pickletools
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any

import numpy as np

from lpat.errors import AnnotationError

MOST_ENTRIES = 1 << 22
_MOST_DIMENSIONS = 16
_PLAIN_CODE = re.compile(r"[<>|=]([biu]1|[iu][248]|f[248]|[SU][1-9][0-9]{0,5})")


def entry_count(shape: tuple[Any, ...]) -> int:
    """What an array of this shape comes to: entries, or lists where (1000000, 0) has no entry.

    Raises:
        AnnotationError: no shape, or more than `MOST_ENTRIES`.
    """
    if not all(type(size) is int and size >= 0 for size in shape):
        raise AnnotationError("expected an array's shape, but it isn't one of whole numbers")
    count = math.prod(max(size, 1) for size in shape)
    if not 0 < len(shape) <= _MOST_DIMENSIONS or count > MOST_ENTRIES:
        raise AnnotationError(
            f"expected an array of 1 to {_MOST_DIMENSIONS} dimensions and at most {MOST_ENTRIES} "
            f"entries"
        )
    return count


def numbers_from_bytes(code: str, shape: tuple[int, ...], data: bytes, order: str) -> list[Any]:
    """Entries of an array of numbers, booleans or text; `order` is "C" or "F".

    `code` is NumPy's word for what an entry is, with its byte order: "<f8", "|S17".

    Raises:
        AnnotationError: other entries, too few bytes or too many, or text that isn't Unicode.
    """
    if not _PLAIN_CODE.fullmatch(code):
        raise AnnotationError(f"expected an array of numbers or text, not of {code!r:.100}")
    dtype = np.dtype(code)
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise AnnotationError(f"expected an array of {expected} bytes, not of {len(data)}")
    if dtype.kind == "U":
        points = np.frombuffer(data, np.dtype("u4").newbyteorder(dtype.byteorder))
        if (points > sys.maxunicode).any():
            raise AnnotationError("expected an array of text, but it isn't Unicode")
    return reshaped(np.frombuffer(data, dtype).tolist(), shape, order)


def reshaped(entries: list[Any], shape: tuple[int, ...], order: str) -> list[Any]:
    """Entries as lists within lists, of this shape; `order` is "C" or "F".

    Raises:
        AnnotationError: another number of entries.
    """
    if len(entries) != math.prod(shape):
        raise AnnotationError(f"expected an array of shape {shape}, not {len(entries)} entries")
    array = np.empty(len(entries), object)
    for index, entry in enumerate(entries):  # at once, NumPy would look into lists
        array[index] = entry
    return array.reshape(shape, order="F" if order == "F" else "C").tolist()


_BUDGET = 1 << 21
"""Instructions, entries and bytes of arrays that a pickle may come to, all together."""

_DEEPEST = 16
"""Lists within lists; one that holds itself ends there too."""


class Named(Enum):
    """What the few names that are known stand for."""

    ARRAY = auto()
    NEW_ARRAY = auto()
    DTYPE = auto()
    SCALAR = auto()
    ENCODE = auto()
    BYTES = auto()


_NAMES = MappingProxyType(
    {
        "numpy ndarray": Named.ARRAY,
        "numpy.core.multiarray _reconstruct": Named.NEW_ARRAY,
        "numpy._core.multiarray _reconstruct": Named.NEW_ARRAY,
        "numpy dtype": Named.DTYPE,
        "numpy.core.multiarray scalar": Named.SCALAR,
        "numpy._core.multiarray scalar": Named.SCALAR,
        # How Python 3 writes bytes in protocol 2, and those of length 0.
        "_codecs encode": Named.ENCODE,
        "__builtin__ bytes": Named.BYTES,
    }
)


@dataclass(eq=False)
class Dtype:
    """A NumPy dtype that was asked for; its byte order comes later."""

    code: str
    order: str = "="


@dataclass(eq=False)
class _Array:
    """A NumPy array; its entries, as nested lists, come later."""

    entries: Any = None


_MARK = object()
_PLAIN = (str, bytes, int, float, type(None))


def read_plain_pickle(payload: bytes) -> Any:
    """The value of a pickle, arrays and tuples as lists; Python 2's `str` as bytes.

    Raises:
        AnnotationError: broken, or more than plain data; the message names what.
    """
    machine = PickleMachine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # backslashes in names, which are refused anyway
            for opcode, argument, _ in pickletools.genops(payload):
                machine.carry_out(opcode.name, argument)
    except AnnotationError:
        raise
    except ValueError as error:
        reason = " ".join(str(error).split())[:200]
        raise AnnotationError(f"expected a whole pickle, but {reason}") from error
    return machine.result()


class PickleMachine:
    """The stack and the memo of a pickle that is being carried out.

    Subclasses may take more than plain data for arrays: `entries` and `value_of_call` give what
    stands for one, and `kinds` are what may be left at the end.
    """

    kinds: tuple[type, ...] = _PLAIN

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._left = _BUDGET

    def carry_out(self, instruction: str, argument: Any) -> None:
        """Change the stack as an instruction would; only those of `ACTIONS` are known."""
        self._spend(1)
        if instruction not in ACTIONS:
            raise AnnotationError(f"expected plain data, not the pickle instruction {instruction}")
        ACTIONS[instruction](self, argument)

    def result(self) -> Any:
        """The one value that is left, without tuples and arrays."""
        value = self._pop()
        if self._stack:
            raise AnnotationError("expected a pickle of one value, not of several")
        return self._plain(value, 0)

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        if isinstance(value, int) and abs(value) >= 1 << 63:
            raise AnnotationError("expected integers of 64 bits, but one is longer")
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise AnnotationError("expected a whole pickle, but it takes what it never made")
        return self._stack.pop()

    def _pop_many(self, count: int) -> tuple[Any, ...]:
        return tuple(self._pop() for _ in range(count))[::-1]

    def _pop_to_mark(self) -> list[Any]:
        values = []
        while self._stack and self._stack[-1] is not _MARK:
            values.append(self._stack.pop())
        if not self._stack:
            raise AnnotationError("expected a whole pickle, but it lacks a mark")
        self._stack.pop()
        return values[::-1]

    def _extend(self, values: list[Any]) -> None:
        target = self._pop()
        if not isinstance(target, list):
            raise AnnotationError("expected plain data, but it appends to what is no list")
        target.extend(values)
        self._stack.append(target)

    def _remember(self, index: int) -> None:
        if index > _BUDGET:
            raise AnnotationError(f"expected fewer values in a pickle's memo than {index}")
        self._memo[index] = value = self._pop()
        self._stack.append(value)

    def _remember_next(self) -> None:
        self._remember(len(self._memo))

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise AnnotationError(f"expected a whole pickle, but its memo lacks number {index}")
        self._stack.append(self._memo[index])

    def _name(self, words: str) -> None:
        if words not in _NAMES:
            raise AnnotationError(f"expected plain data, not the name {words!r:.100}")
        self._stack.append(_NAMES[words])

    def _name_from_stack(self) -> None:
        module, name = self._pop_many(2)
        if not (isinstance(module, str) and isinstance(name, str)):
            raise AnnotationError("expected plain data, but it names something by no text")
        self._name(f"{module} {name}")

    def _reduce(self) -> None:
        """Stand in for a call: what NumPy's own calls would give, and nothing else."""
        called, arguments = self._pop_many(2)
        self.push(self.value_of_call(called, arguments))

    def value_of_call(self, called: Any, arguments: Any) -> Any:
        """What a call would give, if it is one of those known."""
        match called, arguments:
            case Named.NEW_ARRAY, (Named.ARRAY, (0,), _):
                value: Any = _Array()
            case Named.DTYPE, (str() | bytes() as code, _, _):
                value = Dtype(_text(code))
            case Named.SCALAR, (Dtype() as dtype, bytes() as data):
                value = self._numbers(dtype, (1,), data, "C")[0]
            case Named.ENCODE, (str() as text, "latin1"):
                self._spend(len(text))
                value = text.encode("latin-1")
            case Named.BYTES, ():
                value = b""
            case _:
                raise AnnotationError(f"expected plain data, not a call of {_described(called)}")
        return value

    def _build(self) -> None:
        """Give an array its entries, or a dtype its byte order."""
        target, state = self._pop_many(2)
        match target, state:
            case Dtype(), (_, str() | bytes() as order, *_):
                target.order = _text(order)
            case _Array(None), (_, tuple() as shape, Dtype() as dtype, fortran, data):
                order = "F" if fortran is True else "C"
                target.entries = self.entries(dtype, shape, data, order)
            case _:
                raise AnnotationError(f"expected plain data, not a state of {_described(target)}")
        self._stack.append(target)

    def entries(self, dtype: Dtype, shape: tuple[Any, ...], data: Any, order: str) -> Any:
        """What an array of this shape holds, from its bytes or its list of objects."""
        self._spend(entry_count(shape))
        if isinstance(data, bytes):
            return self._numbers(dtype, shape, data, order)
        if not (isinstance(data, list) and dtype.code.startswith("O")):
            raise AnnotationError("expected an array of objects in a list, or numbers in bytes")
        return reshaped(data, shape, "C")  # whatever the order of its numbers would be

    def _numbers(self, dtype: Dtype, shape: tuple[int, ...], data: bytes, order: str) -> list[Any]:
        self._spend(len(data))
        return numbers_from_bytes(dtype.order + dtype.code, shape, data, order)

    def _plain(self, value: Any, depth: int) -> Any:
        self._spend(1)
        if isinstance(value, _Array) and value.entries is not None:
            value = value.entries
        if isinstance(value, (list, tuple)):
            if depth == _DEEPEST:
                raise AnnotationError(f"expected at most {_DEEPEST} lists within lists")
            return [self._plain(entry, depth + 1) for entry in value]
        if isinstance(value, self.kinds):
            return value
        raise AnnotationError(f"expected plain data, not {_described(value)}")

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise AnnotationError(f"expected a pickle of at most {_BUDGET} steps and entries")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _described(value: Any) -> str:
    """The name behind a value, where there is one."""
    if isinstance(value, Dtype | _Array):
        return f"numpy's {type(value).__name__.strip('_').lower()}"
    return next((words for words, named in _NAMES.items() if named is value), "plain data")


_Action = Callable[[PickleMachine, Any], None]


def _constant(value: Any) -> _Action:
    return lambda machine, _: machine.push(value)


ACTIONS: Mapping[str, _Action] = MappingProxyType(
    {
        **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda machine, _: None),
        **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), PickleMachine.push),
        **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE"), PickleMachine.push),
        **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES"), PickleMachine.push),
        # Python 2's str; `pickletools` takes its bytes for Latin-1.
        **dict.fromkeys(
            ("BINSTRING", "SHORT_BINSTRING"),
            lambda machine, text: machine.push(text.encode("latin-1")),
        ),
        "NONE": _constant(None),
        "NEWTRUE": _constant(True),
        "NEWFALSE": _constant(False),
        "MARK": _constant(_MARK),
        "EMPTY_LIST": lambda machine, _: machine.push([]),
        "APPEND": lambda machine, _: machine._extend([machine._pop()]),
        "APPENDS": lambda machine, _: machine._extend(machine._pop_to_mark()),
        "EMPTY_TUPLE": _constant(()),
        "TUPLE": lambda machine, _: machine.push(tuple(machine._pop_to_mark())),
        "TUPLE1": lambda machine, _: machine.push(machine._pop_many(1)),
        "TUPLE2": lambda machine, _: machine.push(machine._pop_many(2)),
        "TUPLE3": lambda machine, _: machine.push(machine._pop_many(3)),
        **dict.fromkeys(("BINPUT", "LONG_BINPUT"), PickleMachine._remember),
        "MEMOIZE": lambda machine, _: machine._remember_next(),
        **dict.fromkeys(("BINGET", "LONG_BINGET"), PickleMachine._recall),
        "GLOBAL": PickleMachine._name,
        "STACK_GLOBAL": lambda machine, _: machine._name_from_stack(),
        "REDUCE": lambda machine, _: machine._reduce(),
        "BUILD": lambda machine, _: machine._build(),
    }
)
