"""The spec of a backbone's features: which networks made them, RGB before flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lpat.backbones.files import SHA256, Backbone, title_of
from lpat.backbones.metadata import CHANNELS, Stream
from lpat.errors import BackboneError
from lpat.types import FeatureSpec, Parameter

NAME = "backbone"
"""The extractor of a spec whose features backbones make."""

VERSION = 2
"""In 1, clips went beyond the video's ends, where its first or last frame was repeated."""


@dataclass(frozen=True)
class Wanted:
    """The backbone that a spec asks for."""

    stream: Stream
    name: str
    sha256: str

    @property
    def title(self) -> str:
        """What messages call it."""
        return title_of(self.name, self.stream, self.sha256)


def streams_of(backbones: Sequence[Backbone]) -> tuple[Backbone, ...]:
    """One backbone or two in the order of their features, RGB first, whatever order they come in.

    Raises:
        BackboneError: none, two of one stream, or two that don't see the same frames.
    """
    if not backbones:
        raise BackboneError("expected a backbone")
    by_stream: dict[Stream, Backbone] = {}
    for backbone in backbones:
        other = by_stream.setdefault(backbone.metadata.stream, backbone)
        if other.sha256 != backbone.sha256:
            raise BackboneError(
                f"expected one backbone of each stream, not {other.title} and {backbone.title}"
            )
    ordered = tuple(by_stream[stream] for stream in CHANNELS if stream in by_stream)
    for name in ("fps", "frames"):
        values = [getattr(backbone.metadata, name) for backbone in ordered]
        if len(set(values)) > 1:
            raise BackboneError(
                f"expected streams of the same {name}, "
                f"not {values[0]} of {ordered[0].title} and {values[1]} of {ordered[1].title}"
            )
    return ordered


def backbone_spec(backbones: Sequence[Backbone], stride: int | None = None) -> FeatureSpec:
    """The spec of what these make, with a clip for each `stride` frames; without, side by side.

    Raises:
        BackboneError: they don't make one feature together.
    """
    ordered = streams_of(backbones)
    first = ordered[0].metadata
    parameters: dict[str, Parameter] = {}
    for backbone in ordered:
        parameters[backbone.metadata.stream] = backbone.sha256
        parameters[f"{backbone.metadata.stream}_name"] = backbone.metadata.name
    return FeatureSpec(
        NAME,
        VERSION,
        parameters,
        sum(backbone.metadata.dimension for backbone in ordered),
        fps=first.fps,
        snippet_frames=first.frames,
        stride=stride or first.frames,
    )


def facts_of_backbones(spec: FeatureSpec) -> list[dict[str, str]]:
    """Stream, name and SHA-256 of the backbones that features are made by, for records of runs."""
    return [asdict(one) for one in wanted_by(spec)] if spec.extractor == NAME else []


def wanted_by(spec: FeatureSpec) -> tuple[Wanted, ...]:
    """The backbones that a spec asks for, RGB first.

    Raises:
        BackboneError: the spec names none.
    """
    wanted = tuple(
        Wanted(stream, name, digest)
        for stream in CHANNELS
        if (digest := spec.parameters.get(stream)) is not None
        and (name := spec.parameters.get(f"{stream}_name")) is not None
        and isinstance(digest, str)
        and isinstance(name, str)
        and SHA256.fullmatch(digest)
    )
    if not wanted or len(spec.parameters) != 2 * len(wanted):
        raise BackboneError("backbone features: expected the names and SHA-256 of their backbones")
    return wanted
