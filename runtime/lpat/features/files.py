"""Feature files: ours (.safetensors with the full spec) and those the field shares.

A foreign .npy, .npz, .h5 or .safetensors holds one array (T, D) and says nothing else; it is
taken as the field's usual snippets, 16 frames at 25 per second without overlap.

Features may stay in their files: rows are mapped into memory when they are asked for. So a set of
videos may be larger than memory, and of any number: between two reads no file is open.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from lpat.errors import FeatureError, install_advice
from lpat.files.atomic import atomic_path
from lpat.files.json_files import json_value
from lpat.files.npy import numbers_from_objects
from lpat.types import Features, FeatureSpec, Float32Array, Float64Array

PRECOMPUTED = "precomputed"
LONGEST = 10_000_000
"""Snippets that a file may hold: 74 days of video. More is a broken file."""

KEY = "lpat"
"""Where a .safetensors of ours says what it holds."""

_NAMES = ("features", "feature")
"""What the features are called in a file with several arrays; the second is CMCS's."""

_OF_OBJECTS = ("Object arrays", "Python objects in dtype")
"""What NumPy says of a file of objects, read or mapped."""

MAPPED_SUFFIXES = frozenset({".safetensors", ".npy"})
"""Of files whose rows can be mapped; those of others are compressed, or may lie in pieces."""

_CHUNK_VALUES = 1 << 22

_SCHEMA = 1


def write_features(path: Path, features: Features | StoredFeatures) -> None:
    """Write features and their spec as .safetensors, whole or not at all."""
    with atomic_path(path) as temporary:
        write_rows(
            temporary,
            features.chunks(),
            features.spec,
            lambda: features.duration,
            lambda: features.start,
        )


def write_rows(
    path: Path,
    parts: Iterable[Float32Array],
    spec: FeatureSpec,
    duration: Callable[[], float],
    start: Callable[[], float | None] = lambda: None,
) -> None:
    """Write features as .safetensors while they come, in parts (N, D) or (D,).

    Room is left for the header, which is padded as the format allows: how many rows there are, and
    `duration` and `start` in seconds, which are asked for at the end, are known last.

    Raises:
        FeatureError: no rows, or one that isn't finite.
        OSError: the disk is full, or the place can't be written.
    """
    room = -(-(len(_header(spec, 1 / 3, 1 / 3, LONGEST)) + 16) // 8) * 8
    count = 0
    with path.open("wb") as file:
        file.seek(8 + room)
        for part in parts:
            rows = np.ascontiguousarray(part, np.float32).reshape(-1, spec.dimension)
            finite = np.isfinite(rows).all(axis=1)
            if not finite.all():
                number = count + int(finite.argmin())
                raise FeatureError(f"features of snippet {number} are not finite")
            file.write(rows.data)
            count += len(rows)
        if not count:
            raise FeatureError("features must have at least one snippet, not none")
        file.seek(0)
        file.write(struct.pack("<Q", room) + _header(spec, duration(), start(), count).ljust(room))


def _header(spec: FeatureSpec, duration: float, start: float | None, snippets: int) -> bytes:
    own = {
        "schema": _SCHEMA,
        "spec": {**asdict(spec), "parameters": dict(spec.parameters)},
        "duration": duration,
        **({} if start is None else {"start": start}),
    }
    header = {
        "__metadata__": {KEY: json.dumps(own, sort_keys=True)},
        "features": {
            "dtype": "F32",
            "shape": [snippets, spec.dimension],
            "data_offsets": [0, 4 * snippets * spec.dimension],
        },
    }
    return json.dumps(header, separators=(",", ":")).encode()


def read_features(path: Path, duration: float | None = None) -> Features:
    """Features of a file, all checked; `duration` in seconds is believed where the file has none.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or not finite.
    """
    with named_faults(path):
        return _READERS[path.suffix.lower()](path, duration).load()


@contextmanager
def named_faults(path: Path) -> Iterator[None]:
    """In the block, whatever is wrong with a file is a `FeatureError` of one line that names it."""
    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        yield
    except FeatureError as error:
        raise FeatureError(f"{path}: {error}") from error
    except ImportError:
        raise
    except Exception as error:  # each reader has its own kinds for a broken file
        if any(words in str(error) for words in _OF_OBJECTS):
            raise FeatureError(
                f"{path}: expected an array (T, D), but it holds objects, which are never "
                f"unpickled; W-TALC's files of all videos are read by lpat-import; others, if you "
                f"trust them, become arrays by: {numbers_from_objects(path)}"
            ) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FeatureError(f"{path}: expected a feature file, but {reason}") from error


def map_array(path: Path) -> np.ndarray:
    """The array of a .npy file, of any axes, mapped and not read.

    Raises:
        FeatureError: unreadable, or not an array of numbers.
    """
    with named_faults(path):
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        if values.dtype.kind not in "fiu":
            raise FeatureError(f"expected an array (T, D) of numbers, not {values.dtype}")
    return values


def spec_from_json(value: Any) -> FeatureSpec:
    """A spec from the JSON object that holds its fields.

    Raises:
        FeatureError: a field missing, unknown, or of another kind.
    """
    kinds: dict[str, tuple[type, ...]] = {
        "extractor": (str,),
        "version": (int,),
        "parameters": (dict,),
        "dimension": (int,),
        "fps": (float, int),
        "snippet_frames": (int,),
        "stride": (int,),
    }
    if not isinstance(value, dict) or set(value) != set(kinds):
        raise FeatureError(f"expected a feature spec with the fields {', '.join(kinds)}")
    for name, kind in kinds.items():
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            raise FeatureError(f"feature spec: unexpected {name} {value[name]!r}"[:200])
    if not all(
        isinstance(entry, bool | int | float | str) for entry in value["parameters"].values()
    ):
        raise FeatureError("feature spec: parameters must be plain values")
    return FeatureSpec(**{**value, "fps": float(value["fps"])})


def foreign_spec(shape: tuple[int, ...], duration: float | None) -> tuple[FeatureSpec, float]:
    """What an array (T, D) of others is taken for: its spec, and its duration in seconds."""
    spec = FeatureSpec(PRECOMPUTED, 1, {}, shape[1])
    longest = shape[0] * spec.snippet_seconds
    return spec, min(duration, longest) if duration else longest


def own_header(text: str) -> tuple[FeatureSpec, float, float | None]:
    """Spec, duration and start, if that is there, of the metadata that `write_features` makes.

    Raises:
        FeatureError: another schema, or a broken spec.
    """
    header = json_value(text)
    if not isinstance(header, dict) or header.get("schema") != _SCHEMA:
        raise FeatureError(
            f"expected feature schema {_SCHEMA}; written by another version of lpat?"
        )
    start = header.get("start")
    if start is not None and not (math.isfinite(start := float(start)) and start >= 0):
        raise FeatureError(f"expected a start of 0 or more seconds, not {start}")
    return spec_from_json(header.get("spec")), float(header["duration"]), start


def name_of_array(names: Collection[str], *, ours: bool) -> str:
    """Which of a file's arrays holds the features: by its name, or in a foreign file the only one.

    Raises:
        FeatureError: there is none such.
    """
    for name in _NAMES[:1] if ours else _NAMES:
        if name in names:
            return name
    if ours:
        raise FeatureError("expected an array 'features', but there is none")
    if len(names) != 1:
        raise FeatureError(
            f"expected one array, not {len(names)} (lpat-import reads files of many videos): "
            f"{', '.join(sorted(names))[:200]}"
        )
    return next(iter(names))


def without_crop(shape: tuple[int, ...]) -> tuple[int, ...]:
    """(T, D) for an array (1, T, D), of one crop of the pictures as CMCS has it; others' shapes."""
    return shape[1:] if len(shape) == 3 and shape[0] == 1 else shape


def check_array(dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Refuse what isn't an array (T, D) of numbers.

    Raises:
        FeatureError: other entries, other axes, no snippet or too many.
    """
    if len(shape) != 2 or dtype.kind not in "fiu":
        raise FeatureError(f"expected an array (T, D) of numbers, not {dtype} of shape {shape}")
    if not (0 < shape[0] <= LONGEST and shape[1] > 0):
        raise FeatureError(f"expected an array (T, D) with snippets, not shape {shape}")


def float32_rows(values: np.ndarray) -> Float32Array:
    """An array (T, D) of numbers as float32.

    Raises:
        FeatureError: an array of another shape or kind, or without snippets.
    """
    check_array(values.dtype, values.shape)
    return np.ascontiguousarray(values, np.float32)


@dataclass(frozen=True)
class StoredFeatures:
    """Where the features (T, D) of one video lie, and what they are."""

    path: Path
    spec: FeatureSpec
    duration: float
    snippets: int
    dtype: str
    offset: int
    by_columns: bool = False
    """Whether the file goes through T first, as Fortran does."""
    start: float | None = None  # when players show the video's first picture; None: unknown

    def __len__(self) -> int:
        return self.snippets

    @property
    def values(self) -> Float32Array:
        """All of them (T, D), mapped where they can be, as `rows` are."""
        return self.rows(0, self.snippets)

    @property
    def edges(self) -> Float64Array:
        """Borders (T + 1,) of the snippets' times in seconds."""
        return self.spec.edges(self.snippets, self.duration)

    def rows(self, start: int, stop: int) -> Float32Array:
        """Snippets from `start` to before `stop`.

        Where the file holds float32 in rows they are its pages, mapped and not copied; writing to
        them changes no file. Others are converted.

        Raises:
            FeatureError: the file is gone, or shorter than it was.
        """
        count, width = max(stop - start, 0), self.spec.dimension
        if not count:
            return np.zeros((0, width), np.float32)
        dtype = np.dtype(self.dtype)
        try:
            if self.by_columns:
                whole = (self.snippets, width)
                values = np.memmap(self.path, dtype, "c", self.offset, whole, "F")[start:stop]
            else:
                first = self.offset + start * width * dtype.itemsize
                values = np.memmap(self.path, dtype, "c", first, (count, width))
        except (OSError, ValueError) as error:
            raise FeatureError(f"{self.path}: can no longer be read ({error})") from error
        with np.errstate(over="ignore"):  # infinite then, and refused as such
            return np.ascontiguousarray(values, np.float32)

    def chunks(self) -> Iterator[Float32Array]:
        """All snippets in order, a few megabytes at a time."""
        step = max(1, _CHUNK_VALUES // self.spec.dimension)
        for start in range(0, self.snippets, step):
            yield self.rows(start, min(start + step, self.snippets))

    def check(self) -> None:
        """Read all once, holding little of it.

        Raises:
            FeatureError: a value isn't finite.
        """
        start = 0
        for values in self.chunks():
            finite = np.isfinite(values).all(axis=1)
            if not finite.all():
                number = start + int(finite.argmin())
                raise FeatureError(f"{self.path}: features of snippet {number} are not finite")
            start += len(values)

    def load(self) -> Features:
        """All of them in memory."""
        return Features(self.rows(0, self.snippets), self.spec, self.duration, self.start)


def locate_features(path: Path, duration: float | None = None) -> StoredFeatures:
    """Where the features of a file lie; `duration` in seconds is believed where it has none.

    Only what the file says of itself is read, so the values may turn out not to be finite.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or of a kind of file whose rows
            can't be mapped.
    """
    with named_faults(path):
        return _LOCATORS[path.suffix.lower()](path, duration)


def open_features(path: Path, *, check: bool = True) -> Features | StoredFeatures:
    """Features of a file: mapped where they can be, else in memory.

    With `check` all are read once, to be sure that they are finite.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or not finite.
    """
    if path.suffix.lower() not in MAPPED_SUFFIXES:
        return read_features(path)
    stored = locate_features(path)
    if check:
        stored.check()
    return stored


def _locate_safetensors(path: Path, duration: float | None) -> StoredFeatures:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as opened:  # checks sizes and offsets
        text = (opened.metadata() or {}).get(KEY)
        name = name_of_array(list(opened.keys()), ours=text is not None)
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[name]
    if entry["dtype"] not in _SAFETENSORS_TYPES:
        raise FeatureError(f"expected an array (T, D) of numbers, not of {entry['dtype']}")
    dtype, shape = np.dtype(_SAFETENSORS_TYPES[entry["dtype"]]), tuple(entry["shape"])
    shape = without_crop(shape) if text is None else shape
    check_array(dtype, shape)
    start = None
    if text is None:
        spec, seconds = foreign_spec(shape, duration)
    else:
        spec, seconds, start = own_header(text)
    offset = 8 + length + int(entry["data_offsets"][0])
    stored = StoredFeatures(path, spec, seconds, shape[0], dtype.str, offset, start=start)
    return _checked(stored, shape)


def _locate_npy(path: Path, duration: float | None) -> StoredFeatures:
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    rows = values.reshape(without_crop(values.shape))
    check_array(rows.dtype, rows.shape)
    spec, seconds = foreign_spec(rows.shape, duration)
    by_columns = not rows.flags.c_contiguous
    return StoredFeatures(path, spec, seconds, len(rows), rows.dtype.str, values.offset, by_columns)


def _read_npz(path: Path, duration: float | None) -> Features:
    with np.load(path, allow_pickle=False) as opened:
        return _foreign({name: opened[name] for name in opened.files}, duration)


def _read_hdf5(path: Path, duration: float | None) -> Features:
    try:
        import h5py
    except ImportError as error:
        raise FeatureError(f"HDF5 files need the package h5py: {install_advice('hdf5')}") from error
    with h5py.File(path, "r") as opened:
        arrays = {
            name: entry[()] for name, entry in opened.items() if isinstance(entry, h5py.Dataset)
        }
        return _foreign(arrays, duration)


def _foreign(arrays: Mapping[str, np.ndarray], duration: float | None) -> Features:
    """Features of the arrays that a file of others holds."""
    values = arrays[name_of_array(arrays, ours=False)]
    rows = float32_rows(values.reshape(without_crop(values.shape)))
    return Features(rows, *foreign_spec(rows.shape, duration))


def _checked(stored: StoredFeatures, shape: tuple[int, ...]) -> StoredFeatures:
    if shape[1] != stored.spec.dimension:
        raise FeatureError(f"features must have shape (T, {stored.spec.dimension}), not {shape}")
    if not (np.isfinite(stored.duration) and stored.duration > 0):
        raise FeatureError(f"duration must be positive, not {stored.duration}")
    return stored


_SAFETENSORS_TYPES = MappingProxyType(
    {
        "F64": "<f8",
        "F32": "<f4",
        "F16": "<f2",
        "I64": "<i8",
        "I32": "<i4",
        "I16": "<i2",
        "I8": "|i1",
        "U64": "<u8",
        "U32": "<u4",
        "U16": "<u2",
        "U8": "|u1",
    }
)
_LOCATORS = MappingProxyType({".safetensors": _locate_safetensors, ".npy": _locate_npy})
_READERS: Mapping[str, Callable[[Path, float | None], Features | StoredFeatures]] = (
    MappingProxyType({**_LOCATORS, ".npz": _read_npz, ".h5": _read_hdf5, ".hdf5": _read_hdf5})
)
