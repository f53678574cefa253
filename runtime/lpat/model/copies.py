"""Copies of a model file that find more or less: another sensitivity in the metadata, no more."""

from __future__ import annotations

import json
from pathlib import Path

from lpat.errors import ModelError, OutputError, UsageError
from lpat.files.atomic import atomic_path
from lpat.inference.onnx_files import MODEL_KEY, UNSEALED, digests_of, read_onnx, sealed
from lpat.inference.onnx_metadata import with_metadata
from lpat.inference.sessions import load_on_cpu
from lpat.model.metadata import LONGEST_TEXT, metadata_from_json, metadata_object
from lpat.segments.sensitivity import Sensitivity


def write_copy(model: Path, target: Path, sensitivity: Sensitivity) -> None:
    """Write a copy of a model file whose own sensitivity is this one; all else is as it was.

    Raises:
        ModelError: the file can't be read, or isn't a model of lpat.
        UsageError: the model doesn't know a class or a rate, or the target is the model itself.
        OutputError: the target can't be written, or its name doesn't end in `.onnx`.
    """
    if target.suffix != ".onnx":
        raise OutputError(f"{target}: expected a name that ends in .onnx")
    if target.exists() and target.samefile(model):
        raise UsageError(f"{target}: expected another file than the model itself")
    content = read_onnx(model)
    try:
        text = _metadata_text(content, checked=True)
        metadata = metadata_from_json(text)
        document = metadata_object(text, LONGEST_TEXT, ModelError)
    except ModelError as error:
        raise ModelError(f"{model}: {error}") from error
    chosen = sensitivity.checked(metadata.classes, metadata.level).to_json()
    document["sensitivity"] = chosen
    if not chosen:
        del document["sensitivity"]
    try:
        written = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True)
    except ValueError as error:
        raise ModelError(f"{model}: expected metadata of finite numbers") from error
    copy = with_metadata(content, MODEL_KEY, written)
    if digests_of(content).told is not None:
        for key, value in reversed(UNSEALED.items()):  # the digest's place is at the end
            copy = with_metadata(copy, key, value)
        copy = sealed(copy)
    if _metadata_text(copy) != written:
        raise ModelError(f"{model}: its metadata can't be replaced")
    with atomic_path(target) as temporary:
        temporary.write_bytes(copy)


def _metadata_text(content: bytes, *, checked: bool = False) -> str:
    entries = load_on_cpu(content).get_modelmeta().custom_metadata_map
    if checked:
        digests_of(content).check(entries)
    text = entries.get(MODEL_KEY)
    if text is None:
        raise ModelError(f"expected a model exported by lpat; it has no {MODEL_KEY!r} metadata")
    return text
