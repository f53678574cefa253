"""Which extractor makes features of a spec."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import fields
from typing import Protocol, runtime_checkable

from lpat.backbones.search import BACKBONES, Backbones
from lpat.backbones.spec import COMBINED, beside, parts_of
from lpat.backbones.spec import NAME as BACKBONE
from lpat.errors import FeatureError
from lpat.features.files import PRECOMPUTED
from lpat.motion.extractor import MotionExtractor
from lpat.parallel.processes import available_cores
from lpat.types import FeatureSpec, Float32Array, Parameter
from lpat.video.resampling import Tick


class FeatureExtractor(Protocol):
    """Turns a video's frames at constant rate into one vector per snippet, streaming."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What it was configured with."""
        ...

    def spec(self, *, fps: float, snippet_frames: int, stride: int) -> FeatureSpec:
        """The spec of the features that it makes on such snippets."""
        ...

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Generator[Float32Array]:
        """One vector (D,) per snippet, each as soon as its frames are there."""
        ...


@runtime_checkable
class ResumableExtractor(FeatureExtractor, Protocol):
    """One that can go on within a video, as is worth it where features take long."""

    def whole_batches(self, snippets: int) -> int:
        """How many of so many first snippets can be skipped without any change to the others."""
        ...

    def extract(
        self, ticks: Iterable[Tick], spec: FeatureSpec, skip: int = 0
    ) -> Generator[Float32Array]:
        """One vector (D,) per snippet, without the first `skip`."""
        ...


DEFAULT_STRIDE = 8
"""Frames from one snippet of motion features to the next."""

EXTRACTORS: Mapping[str, type[MotionExtractor]] = {MotionExtractor.name: MotionExtractor}
"""The built-in extractors by name."""


OWN = frozenset((*EXTRACTORS, BACKBONE, COMBINED))
"""Extractors whose features are made here, of videos; all others' come from files."""


def default_spec(stride: int | None = None) -> FeatureSpec:
    """The spec of the built-in `motion` features: 16-frame snippets at 25 frames per second.

    Without a stride one begins every 8 frames.
    """
    return MotionExtractor().spec(fps=25.0, snippet_frames=16, stride=stride or DEFAULT_STRIDE)


def spec_of(
    backbones: Backbones, stride: int | None = None, *, beside_motion: bool = False
) -> FeatureSpec:
    """The spec of the given backbones' features, or of the default ones where none are given.

    Of a folder all are taken. Without a stride it is the backbones' own, or the default one. Those
    of backbones may stand beside the default ones.

    Raises:
        BackboneError: one can't be read, or they don't make one feature together.
    """
    if not backbones.paths:
        return default_spec(stride)
    from lpat.backbones.spec import backbone_spec

    made = backbone_spec(backbones.all_given(), stride)
    return beside(default_spec(stride), made) if beside_motion else made


def is_slow(spec: FeatureSpec) -> bool:
    """Whether its features take so long that what there is of them is kept, come what may."""
    return spec.extractor == BACKBONE


def default_jobs(spec: FeatureSpec | None) -> int:
    """Videos to work on at the same time: one a core, but one alone keeps backbones' cores busy."""
    return 1 if spec is not None and is_slow(spec) else available_cores()


def extractor_of(
    spec: FeatureSpec, backbones: Backbones = BACKBONES, *, threads: int = 0
) -> FeatureExtractor:
    """The extractor that makes features of exactly this spec; 0 `threads` are one per core.

    Raises:
        FeatureError: no such extractor here, or it can't make such features.
        BackboneError: a backbone that it needs isn't found.
    """
    if spec.extractor == BACKBONE:
        from lpat.backbones.extractor import open_extractor

        return open_extractor(spec, backbones, threads)
    if spec.extractor == COMBINED:
        from lpat.backbones.extractor import open_extractor
        from lpat.features.combined import CombinedExtractor

        motion, of_backbones = parts_of(spec)
        return CombinedExtractor(
            _built_in(motion), open_extractor(of_backbones, backbones, threads)
        )
    if spec.extractor == PRECOMPUTED:
        raise FeatureError(
            f"precomputed features of {spec.dimension} dimensions are expected, not a video: "
            "no extractor here can make them"
        )
    return _built_in(spec)


def _built_in(spec: FeatureSpec) -> MotionExtractor:
    if spec.extractor not in EXTRACTORS:
        known = ", ".join((*EXTRACTORS, BACKBONE, COMBINED))
        raise FeatureError(f"unknown feature extractor {spec.extractor!r}; known: {known}")
    kind = EXTRACTORS[spec.extractor]
    if difference := spec.differs_in_version(kind.version):
        raise FeatureError(difference)
    names = {field.name for field in fields(kind)}
    if unknown := sorted(set(spec.parameters) - names):
        raise FeatureError(
            f"this version's extractor {spec.extractor!r} has no parameter {unknown[0]!r}; "
            f"it has {', '.join(sorted(names))}"
        )
    try:
        extractor = kind(**spec.parameters)  # type: ignore[arg-type] - a wrong type is refused
        made = extractor.spec(fps=spec.fps, snippet_frames=spec.snippet_frames, stride=spec.stride)
    except (TypeError, ValueError, AttributeError) as error:
        raise FeatureError(f"feature extractor {spec.extractor!r}: {error}") from error
    if differences := spec.differences(made):
        raise FeatureError(
            f"this version's extractor {spec.extractor!r} makes {'; '.join(differences)}"
        )
    return extractor
