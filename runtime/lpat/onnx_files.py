"""ONNX files: read whole, so that nothing beside one is ever opened, and never too large."""

from __future__ import annotations

from pathlib import Path

from lpat.errors import ModelError

LARGEST = 2 << 30
"""Bytes of a file: what an ONNX file can hold in itself."""


def read_onnx(path: Path) -> bytes:
    """The file, whole.

    Raises:
        ModelError: it can't be read, is empty or too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ModelError(f"{path}: expected a model file below 2 GiB")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file") from error
    except OSError as error:
        raise ModelError(f"{path}: can't be read ({error.strerror})") from error
    if not content:
        raise ModelError(f"{path}: expected an ONNX model, but it is empty (0 bytes)")
    return content
