"""Features of two kinds side by side: motion's, and what backbones make of the same frames."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from lpat.backbones.extractor import BackboneExtractor
from lpat.backbones.pictures import Viewer, Views
from lpat.backbones.spec import beside
from lpat.motion.extractor import MotionExtractor
from lpat.parallel.threads import iterate_in_thread
from lpat.types import FeatureSpec, Float32Array, Parameter
from lpat.video.resampling import Tick

SPARE = 2
"""Snippets of motion that may wait beyond those which a batch of clips is complete with."""


@dataclass(frozen=True)
class CombinedExtractor:
    """One pass over a video for both extractors, motion's features first.

    What backbones need of a frame is taken as motion's thread comes by it, so no frame waits.
    """

    motion: MotionExtractor
    backbone: BackboneExtractor

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Those of both."""
        return {**self.motion.parameters, **self.backbone.parameters}

    def spec(self, *, fps: float, snippet_frames: int, stride: int) -> FeatureSpec:
        """The spec of the features that `extract` makes; frames are the backbones' own."""
        made = self.backbone.spec(fps=fps, snippet_frames=snippet_frames, stride=stride)
        return beside(self.motion.spec(fps=fps, snippet_frames=snippet_frames, stride=stride), made)

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Generator[Float32Array]:
        """One vector (D,) per snippet, as soon as both are there; raises as both do."""
        tap = _Tap(ticks, Viewer(self.backbone.streams, spec.stride))
        # Motion goes on while the clips of a batch come together, and no further.
        moving = iterate_in_thread(
            self.motion.extract(tap.ticks(), spec), self.backbone.batch + SPARE
        )
        showing = self.backbone.features_of(tap.views(), spec)
        with closing(showing), closing(tap), closing(moving):
            for motion, looks in zip(moving, showing, strict=True):
                yield np.concatenate([motion, looks])


class _Tap:
    """Hands ticks on, and what backbones need of each to another thread."""

    def __init__(self, ticks: Iterable[Tick], viewer: Viewer) -> None:
        self._ticks, self._viewer = ticks, viewer
        self._taken: SimpleQueue[Views | None] = SimpleQueue()

    def ticks(self) -> Generator[Tick]:
        """The ticks; the views end with them, and with whatever ends them early."""
        try:
            for tick in self._ticks:
                self._taken.put(self._viewer.views(tick))
                yield tick
        finally:
            self.close()

    def views(self) -> Generator[Views]:
        """The views of the ticks that have been handed on, as they come."""
        while (views := self._taken.get()) is not None:
            yield views

    def close(self) -> None:
        """End the views where they haven't ended."""
        self._taken.put(None)
