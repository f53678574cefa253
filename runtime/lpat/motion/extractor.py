"""The built-in feature extractor: statistics of optical flow, no weights, no model to download.

Per tick the frame is reduced to one raster, dense flow from the tick before is computed, and the
flow is described with the camera's share removed (`descriptors`). Per snippet the ticks'
descriptions are summed over phases and normalised.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import ClassVar

import numpy as np

from lpat.errors import FeatureError
from lpat.motion.descriptors import (
    APPEARANCE,
    DESCRIPTORS,
    RASTER,
    MotionStatistics,
    describe_appearance,
    describe_motion,
    snippet_blocks,
)
from lpat.motion.flow import BATCH, FlowField, batches, flow_fields
from lpat.types import FeatureSpec, Float32Array, Parameter
from lpat.video.resampling import Tick, completes_window, snippet_windows


@dataclass(frozen=True)
class MotionExtractor:
    """Optical flow statistics of each snippet over a grid of cells and the snippet's phases.

    Deterministic: the same frames give the same bits. Memory doesn't depend on the video's
    length. A snippet's feature depends on the frames of its window and, for the motion at its
    first tick, on the one before.
    """

    name: ClassVar[str] = "motion"
    version: ClassVar[int] = 2  # in 1, windows were cut off at the video's ends

    rows: int = 3  # cells from top to bottom
    columns: int = 4  # cells from left to right
    phases: int = 4  # parts of a snippet that are described apart
    # Names of DESCRIPTORS, in the order of the vector.
    descriptors: str = "hof,hof_cells,rest,velocity,focus_speed,turning,kinematics"

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "phases"):
            if not 1 <= getattr(self, name) <= 16:
                raise FeatureError(f"{name} must be from 1 to 16, not {getattr(self, name)}")
        names = self._names
        if unknown := [name for name in names if name not in DESCRIPTORS]:
            known = ", ".join(DESCRIPTORS)
            raise FeatureError(f"unknown descriptors {', '.join(unknown)}; known: {known}")
        if len(set(names)) < len(names):
            raise FeatureError(f"descriptors {self.descriptors!r} name one twice")

    @property
    def _names(self) -> list[str]:
        return self.descriptors.split(",")

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What it was configured with, as JSON scalars."""
        return asdict(self)

    @property
    def dimension(self) -> int:
        """Length of a snippet's feature."""
        return sum(part.stop - part.start for part in self.blocks.values())

    @property
    def blocks(self) -> dict[str, slice]:
        """Where each descriptor lies in a snippet's feature."""
        names, sizes = zip(*((name, len(b)) for name, b in self._blocks([]).items()), strict=True)
        edges = pairwise(np.cumsum([0, *sizes]).tolist())
        return {name: slice(*edge) for name, edge in zip(names, edges, strict=True)}

    def spec(self, *, fps: float = 25.0, snippet_frames: int = 16, stride: int = 16) -> FeatureSpec:
        """The spec of the features that `extract` makes with it."""
        return FeatureSpec(
            extractor=self.name,
            version=self.version,
            parameters=self.parameters,
            dimension=self.dimension,
            fps=fps,
            snippet_frames=snippet_frames,
            stride=stride,
        )

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Generator[Float32Array]:
        """One vector (D,) per snippet, as soon as its window of ticks is complete.

        Those of `features_of`, from the flow that the extractor's version stands for.
        """
        appearance = "appearance" in self._names
        with closing(
            flow_fields(ticks, appearance=appearance, ends_batch=_window_ends(spec))
        ) as fields:
            yield from self.features_of(fields, spec)

    def features_of(
        self, fields: Iterable[FlowField], spec: FeatureSpec
    ) -> Generator[Float32Array]:
        """One vector (D,) per snippet, as soon as the flow of its window of ticks is there.

        The window is that of `snippet_windows`. Its phases are equal parts of it, also where it is
        a whole video shorter than a window.
        """
        descriptions = self._descriptions(fields, spec)
        for window in snippet_windows(descriptions, spec.snippet_frames, spec.stride):
            phase = [number * self.phases // len(window) for number in range(len(window))]
            yield np.concatenate(list(self._blocks(window, phase).values()))

    def _descriptions(
        self, fields: Iterable[FlowField], spec: FeatureSpec
    ) -> Generator[_Description]:
        """Each tick's, as many made at once as can be without keeping a snippet waiting."""
        # Used again and again: memory that the system has just given costs more than the copying.
        room = np.empty((BATCH, 2, *RASTER[::-1]), np.float32)
        for batch in batches(fields, _window_ends(spec)):
            flows = np.stack([field.flow for field in batch], out=room[: len(batch)])
            motion = describe_motion(flows, self.rows, self.columns, self._names)
            for field, values in zip(batch, motion.values, strict=True):
                looks = None
                if field.picture is not None:
                    looks = describe_appearance(*field.picture, self.rows, self.columns)
                yield _Description(values, field.known, looks)

    def _blocks(
        self, ticks: Sequence[_Description], phase: Sequence[int] = ()
    ) -> dict[str, Float32Array]:
        """The descriptors of the snippet with these ticks, each in the phase of that number."""
        known = [tick.motion for tick in ticks if tick.known]
        phases = np.array([p for tick, p in zip(ticks, phase, strict=True) if tick.known], np.int64)
        if known:
            motion = MotionStatistics(np.stack(known))
        else:
            nothing = np.zeros((self.phases, 2, *RASTER[::-1]), np.float32)
            motion = describe_motion(nothing, self.rows, self.columns, self._names)
            phases = np.arange(self.phases)
        blocks = snippet_blocks(motion, phases, self.phases, self._names)
        if "appearance" not in self._names:
            return {name: blocks[name] for name in self._names}
        looks = [tick.appearance for tick in ticks if tick.appearance is not None]
        unseen = np.zeros(self.rows * self.columns * APPEARANCE, np.float32)
        blocks["appearance"] = np.mean(looks, axis=0) if looks else unseen
        return {name: blocks[name] for name in self._names}


@dataclass(frozen=True, eq=False)
class _Description:
    """What a snippet needs to know of one tick."""

    motion: Float32Array  # (S,): the values of `MotionStatistics`
    known: bool
    appearance: Float32Array | None


def _window_ends(spec: FeatureSpec) -> Callable[[int], bool]:
    """Whether a snippet's window ends with so many ticks."""
    return partial(completes_window, frames=spec.snippet_frames, stride=spec.stride)
