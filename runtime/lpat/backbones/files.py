"""Backbones in ONNX files: one in a file of its own, or those that a bundled model brings along."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lpat.backbones.metadata import CHANNELS, BackboneMetadata, Stream, metadata_from_json
from lpat.errors import BackboneError, ModelError
from lpat.inference.onnx_files import (
    BACKBONE_KEY,
    DAMAGED,
    MODEL_KEY,
    NOT_TEXT,
    digests_of,
    read_onnx,
)
from lpat.inference.sessions import inspection_session

if TYPE_CHECKING:
    import onnxruntime

SHA256 = re.compile(r"[0-9a-f]{64}")
"""How digests are written."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A backbone and the file that it is in."""

    path: Path
    metadata: BackboneMetadata
    sha256: str  # of the file, or of the one that it was bundled from
    input: str  # the network's input of clips (N, C, T, H, W)
    output: str  # its output of features (N, D)
    batch: int | None = None  # N, where the network takes no other
    beside: tuple[str, ...] = ()  # inputs that the file's other networks require
    file_sha256: str = ""
    sent: bytes | None = field(default=None, repr=False)  # the file, if another machine's

    @property
    def is_bundled(self) -> bool:
        """Whether a model is in the same file."""
        return bool(self.beside)

    def read(self) -> bytes:
        """The file, which is too large to be kept.

        Raises:
            BackboneError: it can't be read, or has changed.
        """
        if self.sent is not None:
            return self.sent
        content = _read(self.path)
        if hashlib.sha256(content).hexdigest() != self.file_sha256:
            raise BackboneError(f"{self.path}: changed while it was in use")
        return content

    @property
    def title(self) -> str:
        """What messages call it."""
        return title_of(self.metadata.name, self.metadata.stream, self.sha256)


def title_of(name: str, stream: str, sha256: str) -> str:
    """What messages call a backbone of which no more is known."""
    return f"{name} ({stream}, SHA-256 {sha256[:12]}...)"


def bundled_keys(stream: Stream) -> tuple[str, str]:
    """Where a bundled model has the metadata of its backbone of a stream, and its file's digest.

    The backbone's input is named like the stream.
    """
    return f"{BACKBONE_KEY}_{stream}", f"{BACKBONE_KEY}_{stream}_sha256"


def bundled_output(stream: Stream) -> str:
    """The output of a bundled model that has the features of a stream's clips."""
    return f"{stream}_features"


def bundled_outputs(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    """Outputs of the backbones that a model's file brings along, RGB first."""
    texts = session.get_modelmeta().custom_metadata_map
    return tuple(bundled_output(stream) for stream in CHANNELS if bundled_keys(stream)[0] in texts)


def read_backbones(path: Path, content: bytes | None = None) -> tuple[Backbone, ...]:
    """The backbones in a file, RGB first; none in a model that brings none along.

    `content` is the file's where the path is another machine's.

    Raises:
        BackboneError: it can't be read, isn't an ONNX network, has no metadata of a backbone or
            model, its network isn't what the metadata says, or it is a damaged model.
    """
    whole = _read(path) if content is None else content
    digests = digests_of(whole)
    try:
        session = inspection_session(whole, digests.sha256)
        found = _backbones_in(path, digests.sha256, content, session)
        digests.check(session.get_modelmeta().custom_metadata_map)
        return found
    except UnicodeDecodeError as error:  # of ONNX Runtime, for names and metadata
        reason = DAMAGED if digests.are_off else NOT_TEXT
        raise BackboneError(f"{path}: {reason}") from error
    except (BackboneError, ModelError) as error:
        raise BackboneError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return read_onnx(path)
    except ModelError as error:  # which names the file
        raise BackboneError(str(error)) from error


def _backbones_in(
    path: Path, file_sha256: str, sent: bytes | None, session: onnxruntime.InferenceSession
) -> tuple[Backbone, ...]:
    texts = session.get_modelmeta().custom_metadata_map
    required = {entry.name: entry.shape for entry in session.get_inputs()}
    if BACKBONE_KEY in texts:
        metadata = metadata_from_json(texts[BACKBONE_KEY])
        outputs = {entry.name: entry.shape for entry in session.get_outputs()}
        if len(required) != 1 or len(outputs) != 1:
            raise BackboneError(
                "expected a network of one input and one output, "
                f"not of {len(required)} and {len(outputs)}"
            )
        (name, shape), (output, its) = *required.items(), *outputs.items()
        batch = _checked_shapes(metadata, shape, its)
        return (Backbone(path, metadata, file_sha256, name, output, batch, (), file_sha256, sent),)
    if MODEL_KEY not in texts:
        raise BackboneError(
            f"expected a backbone; it has no {BACKBONE_KEY!r} metadata "
            "(lpat-backbone convert writes it)"
        )
    optional = {entry.name: entry.shape for entry in session.get_overridable_initializers()}
    outputs = {entry.name: entry.shape for entry in session.get_outputs()}
    found = []
    for stream in CHANNELS:
        key, digest_key = bundled_keys(stream)
        if key not in texts:
            continue
        metadata, digest = metadata_from_json(texts[key]), texts.get(digest_key, "")
        output = bundled_output(stream)
        if stream not in optional or output not in outputs or not SHA256.fullmatch(digest):
            raise BackboneError(f"broken bundle: no network of the {stream} stream, or no digest")
        batch = _checked_shapes(metadata, optional[stream], outputs[output])
        beside = tuple(required)
        found.append(
            Backbone(path, metadata, digest, stream, output, batch, beside, file_sha256, sent)
        )
    return tuple(found)


def _checked_shapes(
    metadata: BackboneMetadata, clips: Sequence[Any], features: Sequence[Any]
) -> int | None:
    """The batch that a network is fixed to, if it is, once its shapes fit its metadata."""
    expected = ("N", *metadata.clip_shape)
    if len(clips) != len(expected) or not _fits(clips[1:], expected[1:]):
        raise BackboneError(f"expected clips {_text(expected)} as input, not {_text(clips)}")
    if len(features) != 2 or not _fits(features[1:], (metadata.dimension,)):
        raise BackboneError(
            f"expected features (N, {metadata.dimension}) as output, not {_text(features)}"
        )
    return clips[0] if isinstance(clips[0], int) and clips[0] > 0 else None


def _fits(shape: Sequence[Any], expected: Sequence[int]) -> bool:
    """Whether lengths agree where the network fixes them."""
    pairs = zip(shape, expected, strict=True)
    return all(length == its for length, its in pairs if isinstance(length, int))


def _text(shape: Sequence[Any]) -> str:
    return f"({', '.join('?' if length is None else str(length) for length in shape)})"
