"""ONNX files: read whole, so that nothing beside one is ever opened, and never too large.

What they say of themselves is JSON. A model's file also has its own digest, so that one whose bytes
have changed isn't taken for what was trained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.errors import LpatError, ModelError
from lpat.files.atomic import read_whole
from lpat.files.json_files import json_value
from lpat.files.kinds import MODEL, kind_of

MODEL_KEY, BACKBONE_KEY = "lpat", "lpat_backbone"
"""Under which a model's and a backbone's metadata stand in an ONNX file's `metadata_props`."""

DIGEST_KEY, SEALED_KEY = "lpat_sha256", "lpat_sealed"
"""Under which a file has its digest, and that it has one: a change that hides both is unlikely."""

UNSEALED = {DIGEST_KEY: "0" * 64, SEALED_KEY: "1"}
"""The metadata of a file that is still to be given to `sealed`."""

_BEFORE_DIGEST = b"\x0a\x0b" + DIGEST_KEY.encode() + b"\x12\x40"
"""A key of 11 bytes and the head of a value of 64, as ONNX's format (protobuf) has them."""

_END = 64 << 20  # bytes of a file's end in which its metadata lies, after the graph

DAMAGED = "damaged: its bytes are not those that were exported; copy or export it again"
"""What is wrong with a file of another digest than it says."""

NOT_TEXT = "expected an ONNX model, but it has names or metadata that aren't UTF-8"

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


@dataclass(frozen=True)
class Digests:
    """SHA-256 of a file, the one that it says of itself, and the one that it should say.

    A file can't hold its own digest: what it says is that of the file with zeros in its place.
    """

    sha256: str
    told: str | None
    own: str | None

    def check(self, texts: Mapping[str, str]) -> None:
        """Do nothing for a whole file, or one of before files had digests; `texts` is its metadata.

        Raises:
            ModelError: it has changed since it was written.
        """
        if self.are_off or (self.told is None and {DIGEST_KEY, SEALED_KEY} & texts.keys()):
            raise ModelError(DAMAGED)

    @property
    def are_off(self) -> bool:
        """Whether the file says another digest than it has."""
        return self.told != self.own


def digests_of(content: bytes) -> Digests:
    """The digests of a file, in one pass over all but its end."""
    place = _digest_place(content)
    if place is None:
        return Digests(hashlib.sha256(content).hexdigest(), None, None)
    view, end = memoryview(content), place + 64
    whole = hashlib.sha256(view[:place])
    zeroed = whole.copy()
    zeroed.update(UNSEALED[DIGEST_KEY].encode())
    whole.update(view[place:end])
    for digest in (whole, zeroed):
        digest.update(view[end:])
    told = bytes(view[place:end]).decode("ascii", "replace")
    return Digests(whole.hexdigest(), told, zeroed.hexdigest())


def sealed(content: bytes) -> bytes:
    """A file of `UNSEALED` metadata with its digest in its place."""
    place, own = _digest_place(content), digests_of(content).own
    if place is None or own is None:
        raise ValueError("expected an ONNX file with a place for its digest")
    return b"".join((content[:place], own.encode(), content[place + 64 :]))


def _digest_place(content: bytes) -> int | None:
    """Where a file's digest begins, if it has one."""
    found = content.rfind(_BEFORE_DIGEST, max(len(content) - _END, 0))
    return None if found < 0 else found + len(_BEFORE_DIGEST)


def metadata_object(text: str, longest: int, error: type[LpatError]) -> dict[str, Any]:
    """The object of a metadata's JSON text, of which nothing else is checked.

    Raises:
        error: more than `longest` characters, not JSON, or not an object.
    """
    if len(text) > longest:
        raise error(f"metadata of {len(text)} characters, more than {longest}")
    try:
        document = json_value(text)
    except (ValueError, RecursionError) as reason:
        raise error("metadata that isn't JSON") from reason
    if not isinstance(document, dict):
        raise error("metadata that isn't a JSON object")
    return document
