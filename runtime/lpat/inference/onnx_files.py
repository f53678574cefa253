"""ONNX files: read whole, so that nothing beside one is ever opened, and never too large.

What they say of themselves is JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lpat.errors import LpatError, ModelError
from lpat.files.atomic import read_whole
from lpat.files.kinds import MODEL, kind_of

MODEL_KEY, BACKBONE_KEY = "lpat", "lpat_backbone"
"""Under which a model's and a backbone's metadata stand in an ONNX file's `metadata_props`."""

LARGEST = 2 << 30
"""Bytes of a file: what an ONNX file can hold in itself."""


def read_onnx(path: Path) -> bytes:
    """The file, whole.

    Raises:
        ModelError: it can't be read, is evidently something else, empty or too large.
    """
    if (kind := kind_of(path)) not in (None, MODEL):
        raise ModelError(f"{path}: expected an ONNX model, not {kind}")
    if path.is_file() and path.stat().st_size > LARGEST:
        raise ModelError(f"{path}: expected a model file below 2 GiB")
    content = read_whole(path, ModelError)
    if not content:
        raise ModelError(f"{path}: expected an ONNX model, but it is empty (0 bytes)")
    return content


def metadata_object(text: str, longest: int, error: type[LpatError]) -> dict[str, Any]:
    """The object of a metadata's JSON text, of which nothing else is checked.

    Raises:
        error: more than `longest` characters, not JSON, or not an object.
    """
    if len(text) > longest:
        raise error(f"metadata of {len(text)} characters, more than {longest}")
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as reason:
        raise error("metadata that isn't JSON") from reason
    if not isinstance(document, dict):
        raise error("metadata that isn't a JSON object")
    return document
