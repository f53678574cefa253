"""The feature extractor that runs backbones over a video's clips."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.backbones.backbone_file import Backbone
from lpat.backbones.clips import clips_of, scaled_size, windows
from lpat.backbones.flow_methods import flow_between, quantised
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.network import Network
from lpat.backbones.search import Backbones
from lpat.backbones.spec import backbone_spec, streams_of
from lpat.errors import FeatureError
from lpat.frames import UInt8Array
from lpat.snippets import Tick
from lpat.types import FeatureSpec, Float32Array, Parameter


@dataclass(frozen=True)
class BackboneExtractor:
    """One backbone or two over each snippet's clip; features side by side, RGB first."""

    networks: tuple[Network, ...]
    threads: int = 0

    @property
    def backbones(self) -> tuple[Backbone, ...]:
        """In the order of their features."""
        return tuple(network.backbone for network in self.networks)

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Names and digests of the backbones."""
        return backbone_spec(self.backbones).parameters

    def spec(self, *, fps: float, snippet_frames: int, stride: int) -> FeatureSpec:
        """The spec of the features that `extract` makes; frames are the backbones' own."""
        made = backbone_spec(self.backbones, stride)
        if (fps, snippet_frames) != (made.fps, made.snippet_frames):
            raise FeatureError(
                f"expected snippets of {made.snippet_frames} frames at {made.fps} a second, "
                f"not {snippet_frames} at {fps}"
            )
        return made

    def extract(self, ticks: Iterable[Tick], spec: FeatureSpec) -> Generator[Float32Array]:
        """One vector (D,) per snippet, as soon as its clip is complete."""
        pictures = _pictures(ticks, [backbone.metadata for backbone in self.backbones])
        for window in windows(pictures, spec.snippet_frames, spec.stride):
            features = []
            for network, stream in zip(self.networks, zip(*window, strict=True), strict=True):
                clips = clips_of(stream, network.backbone.metadata)
                features.append(network.features(clips).mean(axis=0))
            yield np.concatenate(features)


def _pictures(
    ticks: Iterable[Tick], streams: Sequence[BackboneMetadata]
) -> Generator[tuple[UInt8Array, ...]]:
    """Of each tick what each stream sees: RGB (H, W, 3), or quantised flow (H, W, 2) to the next.

    The last tick's flow is the one before; that of frames of different size is none.
    """
    waiting: Tick | None = None
    last: dict[int, UInt8Array] = {}

    def seen(tick: Tick, following: Tick | None) -> tuple[UInt8Array, ...]:
        made = []
        for number, stream in enumerate(streams):
            size = scaled_size((tick.frame.width, tick.frame.height), stream.short_side)
            if stream.stream == "rgb":
                made.append(tick.frame.rgb(size, "BILINEAR"))
                continue
            flow = np.zeros((2, size[1], size[0]), np.float32)
            if following is None:
                made.append(last.get(number, quantised(flow, stream.bound).transpose(1, 2, 0)))
                continue
            next_frame = following.frame
            if size == scaled_size((next_frame.width, next_frame.height), stream.short_side):
                both = np.stack(
                    [frame.gray(size, "BILINEAR") for frame in (tick.frame, next_frame)]
                )
                flow = flow_between(both, stream.flow)[0]
            last[number] = quantised(flow, stream.bound).transpose(1, 2, 0)
            made.append(last[number])
        return tuple(made)

    for tick in ticks:
        if waiting is not None:
            yield seen(waiting, tick)
        waiting = tick
    if waiting is not None:
        yield seen(waiting, None)


def open_extractor(spec: FeatureSpec, backbones: Backbones, threads: int) -> BackboneExtractor:
    """The extractor of a spec, with its backbones loaded.

    Raises:
        BackboneError: one isn't found, or can't be loaded.
        FeatureError: they don't make such features.
    """
    extractor = _loaded(backbones.find(spec), threads)
    made = extractor.spec(fps=spec.fps, snippet_frames=spec.snippet_frames, stride=spec.stride)
    if differences := spec.differences(made):
        raise FeatureError(f"the backbones make {'; '.join(differences)}")
    return extractor


def _loaded(backbones: Sequence[Backbone], threads: int) -> BackboneExtractor:
    return BackboneExtractor(tuple(map(Network, streams_of(backbones))), threads)
