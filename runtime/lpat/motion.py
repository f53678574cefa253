"""The built-in feature extractor: statistics of optical flow, no weights, no model to download.

Per tick the frame is reduced to one raster, dense flow from the tick before is computed, and the
flow is described with the camera's share removed (`lpat.descriptors`). Per snippet the ticks'
descriptions are summed over phases and normalised.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from lpat.descriptors import (
    RASTER,
    TickDescriptions,
    describe_appearance,
    describe_motion,
    snippet_blocks,
)
from lpat.errors import FeatureError
from lpat.snippets import Tick
from lpat.types import FeatureSpec, Float32Array, Parameter

FRAME = (160, 120)
"""Width and height that every frame is reduced to, whatever its size and aspect.

One size for all keeps cost, memory and cells the same, and lets the picture's size change within
a video. Flow is then stretched to the picture's own aspect, so directions and speeds stay true;
only its resolution differs between the axes.
"""

SHORT_SIDE = 120
"""The unit of flow: pixels per tick in a picture of this short side."""

FASTEST = 30.0
"""Flow is clipped here: a quarter of the short side in one tick is beyond what DIS can follow."""

APPEARANCE_STEP = 4
"""Appearance is described on the ticks that this divides: a picture changes less than motion."""

LONGEST_HOLD = 16
"""Ticks that a frame may be held and still be taken for a frame of a slow source, not a still."""

BATCH = 16
"""Ticks described at once."""


@dataclass(frozen=True)
class MotionExtractor:
    """Optical flow statistics of each snippet over a grid of cells and the snippet's phases.

    Deterministic: the same frames give the same bits. Memory doesn't depend on the video's
    length. A snippet's feature depends on the frames of its window and, for the motion at its
    first tick, on the one before.
    """

    name: ClassVar[str] = "motion"
    version: ClassVar[int] = 1

    rows: int = 3  # cells from top to bottom
    columns: int = 4  # cells from left to right
    phases: int = 4  # parts of a snippet that are described apart

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (isinstance(value, int) and 1 <= value <= 16):
                raise FeatureError(f"{name} must be from 1 to 16, not {value}")

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
        nothing = TickDescriptions.of_nothing(self.rows, self.columns)
        sizes = [block.size for block in self._blocks([nothing], [0]).values()]
        edges = np.cumsum([0, *sizes]).tolist()
        names = self._blocks([nothing], [0])
        return {name: slice(*pair) for name, pair in zip(names, pairwise(edges), strict=True)}

    def spec(
        self, *, fps: float = 25.0, snippet_frames: int = 16, stride: int = 16
    ) -> FeatureSpec:
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

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Iterator[Float32Array]:
        """One vector (D,) per snippet, as soon as its window of ticks is complete.

        The window is centred on the snippet's ticks [t * stride, (t + 1) * stride) and cut off
        at the ends of the video. The last snippet may have fewer ticks.
        """
        lead = (spec.snippet_frames - spec.stride) // 2  # ticks of the window before the snippet
        window: deque[TickDescriptions] = deque()
        first = 0  # the tick of window[0]
        snippet = 0
        count = 0

        def feature() -> Float32Array:
            start = snippet * spec.stride - lead
            chosen = [
                (d, (index - start) * self.phases // spec.snippet_frames)
                for index, d in enumerate(window, first)
                if start <= index < start + spec.snippet_frames
            ]
            parts = self._blocks([d for d, _ in chosen], [phase for _, phase in chosen])
            return np.concatenate(list(parts.values()))

        def window_end() -> int:
            return snippet * spec.stride - lead + spec.snippet_frames

        for description in self._descriptions(ticks, window_end_step=spec.stride, lead=lead):
            window.append(description)
            count += 1
            while count >= max(window_end(), (snippet + 1) * spec.stride):
                yield feature()
                snippet += 1
                while window and first < snippet * spec.stride - lead:
                    window.popleft()
                    first += 1
        while snippet * spec.stride < count:
            yield feature()
            snippet += 1

    def _descriptions(
        self, ticks: Iterable[Tick], *, window_end_step: int, lead: int
    ) -> Iterator[TickDescriptions]:
        """Descriptions of each tick, computed in batches that end where a snippet does."""
        batch: list[_Field] = []
        for field in _fields(ticks):
            batch.append(field)
            complete = (field.index + 1 - lead) % window_end_step == 0
            if complete or len(batch) == BATCH:
                yield from self._described(batch)
                batch = []
        if batch:
            yield from self._described(batch)

    def _described(self, batch: list[_Field]) -> Iterator[TickDescriptions]:
        flow = np.stack([field.flow for field in batch], axis=1)
        motion = describe_motion(flow, self.rows, self.columns)
        for field, statistics in zip(batch, motion, strict=True):
            appearance = None
            if field.picture is not None:
                appearance = describe_appearance(*field.picture, self.rows, self.columns)
            yield TickDescriptions(statistics, field.valid, appearance)

    def _blocks(
        self, descriptions: list[TickDescriptions], phases: list[int]
    ) -> dict[str, Float32Array]:
        return snippet_blocks(descriptions, phases, self.rows, self.columns, self.phases)
