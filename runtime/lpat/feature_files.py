"""Feature files: ours (.safetensors with the full spec) and those the field shares.

A foreign .npy, .npz, .h5 or .safetensors holds one array (T, D) and says nothing else; it is
taken as the field's usual snippets, 16 frames at 25 per second without overlap.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lpat.errors import FeatureError
from lpat.files.atomic import atomic_path
from lpat.types import Features, FeatureSpec, Float32Array

if TYPE_CHECKING:
    from lpat.stored_features import StoredFeatures

PRECOMPUTED = "precomputed"
LONGEST = 10_000_000
"""Snippets that a file may hold: 74 days of video. More is a broken file."""

KEY = "lpat"
"""Where a .safetensors of ours says what it holds."""

_NAMES = ("features", "feature")
"""What the features are called in a file with several arrays; the second is CMCS's."""

_SCHEMA = 1


def write_features(path: Path, features: Features | StoredFeatures) -> None:
    """Write features and their spec as .safetensors, whole or not at all."""
    with atomic_path(path) as temporary:
        write_rows(temporary, features.chunks(), features.spec, lambda: features.duration)


def write_rows(
    path: Path, parts: Iterable[Float32Array], spec: FeatureSpec, duration: Callable[[], float]
) -> None:
    """Write features as .safetensors while they come, in parts (N, D) or (D,).

    Room is left for the header, which is padded as the format allows: how many rows there are,
    and the `duration` in seconds, which is asked for at the end, is known last.

    Raises:
        FeatureError: no rows, or one that isn't finite.
        OSError: the disk is full, or the place can't be written.
    """
    room = -(-(len(_header(spec, 1 / 3, LONGEST)) + 16) // 8) * 8
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
        file.write(struct.pack("<Q", room) + _header(spec, duration(), count).ljust(room))


def _header(spec: FeatureSpec, duration: float, snippets: int) -> bytes:
    own = {
        "schema": _SCHEMA,
        "spec": {**asdict(spec), "parameters": dict(spec.parameters)},
        "duration": duration,
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
    """Features of a file; `duration` in seconds is believed where the file has none.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or not finite.
    """
    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        arrays, text = _READERS[path.suffix.lower()](path)
        own = own_header(text) if text is not None else None
        values = arrays[name_of_array(arrays, ours=own is not None)]
        if own is not None:
            return Features(float32_rows(values), *own)
        rows = float32_rows(values.reshape(without_crop(values.shape)))
        return Features(rows, *foreign_spec(rows.shape, duration))
    except FeatureError as error:
        raise FeatureError(f"{path}: {error}") from error
    except ImportError:
        raise
    except Exception as error:  # each reader has its own kinds for a broken file
        if str(error).startswith("Object arrays"):
            raise FeatureError(
                f"{path}: expected an array (T, D), but it holds objects, which are never "
                "unpickled; W-TALC's files of all videos are read by lpat-import"
            ) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FeatureError(f"{path}: expected a feature file, but {reason}") from error


def map_array(path: Path) -> np.ndarray:
    """The one array (T, D) of a file, as it is there; that of a .npy file is mapped, not read.

    Raises:
        FeatureError: unreadable, or not one array (T, D) of numbers.
    """
    if path.suffix.lower() != ".npy":
        return read_features(path).values
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError):
        return read_features(path).values  # which says what is wrong with it
    rows = values.reshape(without_crop(values.shape))
    check_array(rows.dtype, rows.shape)
    return rows


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


def own_header(text: str) -> tuple[FeatureSpec, float]:
    """Spec and duration from the metadata that `write_features` puts into a file.

    Raises:
        FeatureError: another schema, or a broken spec.
    """
    header = json.loads(text)
    if not isinstance(header, dict) or header.get("schema") != _SCHEMA:
        raise FeatureError(
            f"expected feature schema {_SCHEMA}; written by another version of lpat?"
        )
    return spec_from_json(header.get("spec")), float(header["duration"])


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
            f"expected one array, not {len(names)}: {', '.join(sorted(names))[:200]}"
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


def _read_safetensors(path: Path) -> tuple[dict[str, Any], str | None]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        return arrays, (opened.metadata() or {}).get(KEY)


def _read_npy(path: Path) -> tuple[dict[str, Any], None]:
    return {path.stem: np.load(path, allow_pickle=False)}, None


def _read_npz(path: Path) -> tuple[dict[str, Any], None]:
    with np.load(path, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}, None


def _read_hdf5(path: Path) -> tuple[dict[str, Any], None]:
    try:
        import h5py
    except ImportError as error:
        raise FeatureError("HDF5 files need the package h5py: pip install 'lpat[hdf5]'") from error
    with h5py.File(path, "r") as opened:
        return {
            name: entry[()] for name, entry in opened.items() if isinstance(entry, h5py.Dataset)
        }, None


_READERS = {
    ".safetensors": _read_safetensors,
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
}
