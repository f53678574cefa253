"""Features that stay in their files: rows are mapped into memory when they are asked for.

So a set of videos may be larger than memory, and of any number: between two reads no file is open.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lpat.errors import FeatureError
from lpat.feature_files import (
    KEY,
    check_array,
    foreign_spec,
    name_of_array,
    own_header,
    read_features,
    without_crop,
)
from lpat.types import Features, FeatureSpec, Float32Array, Float64Array

SUFFIXES = frozenset({".safetensors", ".npy"})
"""Of files whose rows can be mapped; those of others are compressed, or may lie in pieces."""

_CHUNK_VALUES = 1 << 22


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
        return Features(self.rows(0, self.snippets), self.spec, self.duration)


def locate_features(path: Path, duration: float | None = None) -> StoredFeatures:
    """Where the features of a file lie; `duration` in seconds is believed where it has none.

    Only what the file says of itself is read, so the values may turn out not to be finite.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or of another kind of file.
    """
    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        return _LOCATORS[path.suffix.lower()](path, duration)
    except FeatureError as error:
        raise FeatureError(f"{path}: {error}") from error
    except Exception as error:  # each reader has its own kinds for a broken file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FeatureError(f"{path}: expected a feature file, but {reason}") from error


def open_features(path: Path) -> Features | StoredFeatures:
    """Features of a file, all checked: mapped where they can be, else in memory.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or not finite.
    """
    if path.suffix.lower() not in SUFFIXES:
        return read_features(path)
    stored = locate_features(path)
    stored.check()
    return stored


def _in_safetensors(path: Path, duration: float | None) -> StoredFeatures:
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
    spec, seconds = own_header(text) if text is not None else foreign_spec(shape, duration)
    offset = 8 + length + int(entry["data_offsets"][0])
    return _checked(StoredFeatures(path, spec, seconds, shape[0], dtype.str, offset), shape)


def _in_npy(path: Path, duration: float | None) -> StoredFeatures:
    values = np.load(path, mmap_mode="r", allow_pickle=False)
    rows = values.reshape(without_crop(values.shape))
    check_array(rows.dtype, rows.shape)
    spec, seconds = foreign_spec(rows.shape, duration)
    by_columns = not rows.flags.c_contiguous
    return StoredFeatures(path, spec, seconds, len(rows), rows.dtype.str, values.offset, by_columns)


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
_LOCATORS = MappingProxyType({".safetensors": _in_safetensors, ".npy": _in_npy})
