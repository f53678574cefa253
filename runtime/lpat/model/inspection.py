"""What an ONNX file is: a backbone, a model, or both in one; and which backbones a model needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lpat.backbones.files import Backbone, read_backbones
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.search import Backbones
from lpat.backbones.spec import Wanted, part_of_backbones, wanted_by
from lpat.errors import BackboneError
from lpat.inference.onnx_files import read_onnx
from lpat.model.metadata import ModelMetadata
from lpat.model.model import Model


@dataclass(frozen=True)
class Need:
    """A backbone that a model needs: the file that it was found in, or why it wasn't."""

    wanted: Wanted
    path: Path | None
    failure: str | None = None


@dataclass(frozen=True, eq=False)
class Inspection:
    """What is in a file: a backbone; or a model, with the backbones that it brings and needs."""

    path: Path
    size: int  # bytes
    sha256: str
    backbones: tuple[Backbone, ...]
    model: ModelMetadata | None = None
    needs: tuple[Need, ...] = ()

    @property
    def kind(self) -> str:
        """`backbone`, `model` or `bundle`."""
        if self.model is None:
            return "backbone"
        return "bundle" if self.backbones else "model"

    def document(self) -> dict[str, Any]:
        """What the file holds, as plain JSON values."""
        document: dict[str, Any] = {
            "file": str(self.path),
            "kind": self.kind,
            "bytes": self.size,
            "sha256": self.sha256,
            "backbones": [
                {**asdict(one.metadata), "sha256": one.sha256, "batch": one.batch}
                for one in self.backbones
            ],
        }
        if self.model is not None:
            document |= {
                "classes": list(self.model.classes),
                "features": asdict(self.model.features),
                "needs": [
                    {**asdict(need.wanted), "found": need.path and str(need.path)}
                    for need in self.needs
                ],
            }
        return document

    def lines(self) -> Iterator[str]:
        """What the file holds, in words for a terminal."""
        kind = {"bundle": "model and backbones in one"}.get(self.kind, self.kind)
        yield f"{self.path}: {kind}, {self.size / 1e6:.1f} MB, SHA-256 {self.sha256}"
        if self.model is not None:
            spec = self.model.features
            yield _row("classes", ", ".join(self.model.classes))
            yield _row("features", f"{spec.extractor}, {spec.dimension} dimensions")
        for need in self.needs:
            found = need.failure or f"{need.wanted.title}, found in {need.path}"
            yield _row("needs", found)
        for backbone in self.backbones:
            yield from _lines_of(backbone)


def inspect(path: Path, places: Backbones) -> Inspection:
    """What a file is; backbones that a model needs are looked for in `places`.

    Raises:
        BackboneError, ModelError: it can't be read, or is neither a backbone nor a model.
    """
    content = read_onnx(path)
    found = read_backbones(path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    if any(one.sha256 == sha256 for one in found):
        return Inspection(path, len(content), sha256, found)
    model = Model(path, "cpu", backbones=places)
    part = part_of_backbones(model.metadata.features)
    wanted = () if part is None else wanted_by(part)
    needs = tuple(_need(one, model.backbones) for one in wanted)
    return Inspection(path, len(content), sha256, found, model.metadata, needs)


def _need(wanted: Wanted, places: Backbones) -> Need:
    try:
        return Need(wanted, places.locate(wanted).path)
    except BackboneError as error:
        return Need(wanted, None, str(error))


def _lines_of(backbone: Backbone) -> Iterator[str]:
    metadata = backbone.metadata
    yield _row("backbone", backbone.title)
    yield _row("clips", f"{metadata.clip_shape} (C, T, H, W), {metadata.fps:g} frames a second")
    yield _row("fed", _fed(metadata))
    yield _row("batch", "any" if backbone.batch is None else f"{backbone.batch}")
    yield _row("dimension", f"{metadata.dimension}")


def _fed(metadata: BackboneMetadata) -> str:
    """How clips are made."""
    height, width = metadata.crop
    crops = {"center": "the centre", "ten": "ten crops"}[metadata.crops]
    seen = [f"shorter side {metadata.short_side} pixels"]
    if metadata.stream == "flow":
        seen.append(f"{metadata.flow} flow within {metadata.bound:g} pixels")
    else:
        seen.append(f"colours {metadata.colour}")
    seen += [f"{crops} of {height} x {width}", f"minus {_numbers(metadata.mean)}"]
    return ", ".join([*seen, f"over {_numbers(metadata.deviation)}"])


def _numbers(values: tuple[float, ...]) -> str:
    return "/".join(f"{value:g}" for value in values)


def _row(name: str, text: str) -> str:
    return f"  {name:<10} {text}"
