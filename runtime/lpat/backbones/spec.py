"""The spec of a backbone's features: which networks made them, RGB before flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from lpat.backbones.files import SHA256, Backbone, title_of
from lpat.backbones.metadata import CHANNELS, Stream
from lpat.errors import BackboneError
from lpat.types import FeatureSpec, Parameter

NAME = "backbone"
"""The extractor of a spec whose features backbones make."""

COMBINED = "motion+backbone"
"""The extractor of a spec whose features are motion's, and those that backbones make beside."""

_COMBINED_VERSION = 1
_WIDTH, _MOTION, _BACKBONE = "backbone_dimension", "motion_version", "backbone_version"
"""Parameters of a combined spec, beside those of its parts."""

_AXES = {"fps": "fps", "snippet_frames": "frames"}

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
    for name in ("fps", "snippet_frames"):
        values = [getattr(backbone.metadata, name) for backbone in ordered]
        if len(set(values)) > 1:
            raise BackboneError(
                f"expected streams of the same {_AXES[name]}, "
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
        snippet_frames=first.snippet_frames,
        stride=stride or first.snippet_frames,
    )


def beside(motion: FeatureSpec, backbone: FeatureSpec) -> FeatureSpec:
    """The spec of the features of both side by side, motion's first.

    Raises:
        BackboneError: they don't stand for the same frames.
    """
    for name in ("fps", "snippet_frames", "stride"):
        ours, theirs = getattr(motion, name), getattr(backbone, name)
        if ours != theirs:
            raise BackboneError(
                f"beside {motion.extractor} features: expected backbones of {name} {ours}, "
                f"not {theirs}"
            )
    parameters: dict[str, Parameter] = {**motion.parameters, **backbone.parameters}
    versions = {_MOTION: motion.version, _BACKBONE: backbone.version}
    return replace(
        motion,
        extractor=COMBINED,
        version=_COMBINED_VERSION,
        parameters={**parameters, **versions, _WIDTH: backbone.dimension},
        dimension=motion.dimension + backbone.dimension,
    )


def parts_of(spec: FeatureSpec) -> tuple[FeatureSpec, FeatureSpec]:
    """What `beside` was given for a spec.

    Raises:
        BackboneError: it is none that `beside` makes.
    """
    if difference := spec.differs_in_version(_COMBINED_VERSION):
        raise BackboneError(difference)
    rest = dict(spec.parameters)
    sizes = [rest.pop(name, None) for name in (_WIDTH, _MOTION, _BACKBONE)]
    width, *versions = [size if type(size) is int else 0 for size in sizes]
    if not 0 < width < spec.dimension:
        raise BackboneError(f"{COMBINED} features: expected their {_WIDTH}, not {sizes[0]!r}")
    names = {name for stream in CHANNELS for name in (stream, f"{stream}_name")}
    own = {name: rest.pop(name) for name in list(rest) if name in names}
    motion = replace(
        spec, extractor="motion", version=versions[0], parameters=rest,
        dimension=spec.dimension - width,
    )  # fmt: skip
    backbone = replace(spec, extractor=NAME, version=versions[1], parameters=own, dimension=width)
    return motion, backbone


def part_of_backbones(spec: FeatureSpec) -> FeatureSpec | None:
    """The spec of those features that backbones make; None where they make none.

    Raises:
        BackboneError: a combined spec that is none.
    """
    if spec.extractor == COMBINED:
        return parts_of(spec)[1]
    return spec if spec.extractor == NAME else None


def facts_of_backbones(spec: FeatureSpec) -> list[dict[str, str]]:
    """Stream, name and SHA-256 of the backbones that features are made by, for records of runs."""
    part = part_of_backbones(spec)
    return [] if part is None else [asdict(one) for one in wanted_by(part)]


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
