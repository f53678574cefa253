"""Feature files: ours (.safetensors with the full spec) and those the field shares.

A foreign .npy, .npz, .h5 or .safetensors holds one array (T, D) and says nothing else; it is
taken as the field's usual snippets, 16 frames at 25 per second without overlap.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lpat.errors import FeatureError
from lpat.files import atomic_path
from lpat.types import Features, FeatureSpec, Float32Array

SUFFIXES = frozenset({".safetensors", ".npy", ".npz", ".h5", ".hdf5"})
PRECOMPUTED = "precomputed"
LONGEST = 10_000_000
"""Snippets that a file may hold: 74 days of video. More is a broken file."""

_NAMES = ("features", "feature")
"""What the array of a file with several is called; CMCS's `feature` is (crops, T, D)."""

_KEY = "lpat"
_SCHEMA = 1


def write_features(path: Path, features: Features) -> None:
    """Write features and their spec as .safetensors, whole or not at all."""
    from safetensors.numpy import save_file

    header = {
        "schema": _SCHEMA,
        "spec": {**asdict(features.spec), "parameters": dict(features.spec.parameters)},
        "duration": features.duration,
    }
    with atomic_path(path) as temporary:
        save_file(
            {"features": np.ascontiguousarray(features.values)},
            str(temporary),
            metadata={_KEY: json.dumps(header, sort_keys=True)},
        )


def read_features(path: Path, duration: float | None = None) -> Features:
    """Features of a file; `duration` in seconds is believed where the file has none.

    Raises:
        FeatureError: unreadable, not one array (T, D) of numbers, or not finite.
    """
    if not path.is_file():
        raise FeatureError(f"{path}: no such file")
    try:
        arrays, header = _READERS[path.suffix.lower()](path)
        if header is None:
            return _foreign(_only_array(arrays), duration)
        spec = spec_from_json(header.get("spec"))
        return Features(float32_rows(arrays.get("features")), spec, float(header["duration"]))
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


def read_description(path: Path) -> tuple[FeatureSpec, float, int] | None:
    """Spec, duration and number of snippets of a file of our own, without reading its features.

    None where there is no such file, or it is another or broken.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as opened:
            header = json.loads((opened.metadata() or {})[_KEY])
            if header["schema"] != _SCHEMA:
                return None
            snippets, _ = opened.get_slice("features").get_shape()
            return spec_from_json(header["spec"]), float(header["duration"]), snippets
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


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
    if values.ndim != 2:
        float32_rows(values)
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


def _foreign(values: np.ndarray, duration: float | None) -> Features:
    spec = FeatureSpec(PRECOMPUTED, 1, {}, values.shape[1])
    longest = len(values) * spec.snippet_seconds
    return Features(values, spec, min(duration, longest) if duration else longest)


def _only_array(arrays: Mapping[str, Any]) -> np.ndarray:
    for name in _NAMES:
        if name in arrays:
            values = arrays[name]
            crops = values.ndim == 3 and len(values) == 1
            return float32_rows(values[0] if crops else values)
    if len(arrays) != 1:
        raise FeatureError(
            f"expected one array, not {len(arrays)}: {', '.join(sorted(arrays))[:200]}"
        )
    return float32_rows(next(iter(arrays.values())))


def float32_rows(values: Any) -> Float32Array:
    """An array (T, D) of numbers as float32.

    Raises:
        FeatureError: no array, of another shape or kind, or without snippets.
    """
    if values is None:
        raise FeatureError("expected an array 'features', but there is none")
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise FeatureError(
            f"expected an array (T, D) of numbers, not {values.dtype} of shape {values.shape}"
        )
    if not (0 < values.shape[0] <= LONGEST and values.shape[1] > 0):
        raise FeatureError(f"expected an array (T, D) with snippets, not shape {values.shape}")
    return np.ascontiguousarray(values, np.float32)


def _read_safetensors(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        text = (opened.metadata() or {}).get(_KEY)
    if text is None:
        return arrays, None
    header = json.loads(text)
    if not isinstance(header, dict) or header.get("schema") != _SCHEMA:
        raise FeatureError(
            f"expected feature schema {_SCHEMA}; written by another version of lpat?"
        )
    return arrays, header


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
