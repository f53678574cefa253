"""The feature extractor that runs backbones over a video's clips.

All goes on at the same time, in threads of its own, as nothing of it holds Python's lock for long:
frames are decoded and scaled, flow is computed, clips are normalised, and each network runs. Two
networks take turns at the cores better than each by itself. Between the threads wait a few
pictures, whatever the video's length.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from lpat.backbones.clips import clips_of, windows
from lpat.backbones.files import Backbone
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.network import Network, load_networks
from lpat.backbones.pictures import LONGEST_RUN, Pictures, Views, pictures_of, views_of
from lpat.backbones.search import Backbones
from lpat.backbones.spec import Wanted, backbone_spec, wanted_by
from lpat.errors import FeatureError
from lpat.parallel.threads import LastValueCache, iterate_in_thread
from lpat.types import FeatureSpec, Float32Array, Parameter
from lpat.video.resampling import Tick, completes_window, first_tick

READ_AHEAD = 2 * LONGEST_RUN
"""Ticks that are scaled, and whose flow is computed, before they are needed."""

Item = TypeVar("Item")

_LOADED: LastValueCache[tuple[tuple[Wanted, ...], Backbones, int], tuple[Network, ...]] = (
    LastValueCache()
)


@dataclass(frozen=True)
class BackboneExtractor:
    """One backbone or two over each snippet's clip; features side by side, RGB first.

    Of the same frames the same features come, whatever the number of threads that compute flow and
    whatever is skipped. With other networks' threads, `batch` or device they agree but for the
    rounding of float32.
    """

    networks: tuple[Network, ...]
    threads: int = 0  # that compute flow; 0 are one per core
    batch: int = 1  # snippets whose clips are run at once

    @property
    def backbones(self) -> tuple[Backbone, ...]:
        """In the order of their features."""
        return tuple(network.backbone for network in self.networks)

    @property
    def streams(self) -> tuple[BackboneMetadata, ...]:
        """What each of them is fed."""
        return tuple(backbone.metadata for backbone in self.backbones)

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

    def whole_batches(self, snippets: int) -> int:
        """How many of so many first snippets can be skipped, so that batches stay the same."""
        return snippets // self.batch * self.batch

    def extract(
        self, ticks: Iterable[Tick], spec: FeatureSpec, skip: int = 0
    ) -> Generator[Float32Array]:
        """One vector (D,) per snippet, as soon as its batch of clips is complete.

        Of the first snippets, those to `skip` are left out: their frames are decoded, no more.

        Raises:
            FeatureError: a frame whose sides are too different to be scaled.
            BackboneError: a network can't be computed, or gives no usable features.
            DeviceError: a GPU fails.
        """
        first = first_tick(skip, spec.snippet_frames, spec.stride)
        views = views_of(ticks, self.streams, spec.stride, first)
        with closing(iterate_in_thread(views, READ_AHEAD)) as ahead:
            yield from self.features_of(ahead, spec, skip)

    def features_of(
        self, views: Iterable[Views], spec: FeatureSpec, skip: int = 0
    ) -> Generator[Float32Array]:
        """What `extract` gives, of views of the ticks from the first that is needed on."""
        streams, frames, stride = self.streams, spec.snippet_frames, spec.stride
        first = first_tick(skip, frames, stride)

        def complete(count: int) -> bool:  # a batch: the frame after its last has come
            return completes_window(first + count - 1, frames, stride, self.batch)

        with (
            closing(
                iterate_in_thread(pictures_of(views, streams, complete, self.threads), READ_AHEAD)
            ) as pictures,
            closing(
                iterate_in_thread(
                    _clips(windows(pictures, frames, stride, skip), streams, self.batch), 1
                )
            ) as batches,
            ThreadPoolExecutor(len(self.networks), "network") as pool,
        ):
            for clips in batches:
                features = list(pool.map(_features, self.networks, clips))
                yield from np.concatenate(features, axis=1)


def _clips(
    windows: Iterable[Sequence[Pictures]], streams: Sequence[BackboneMetadata], batch: int
) -> Generator[list[Float32Array]]:
    """Of each stream the clips (N, K, C, T, H, W) of up to `batch` windows, K being crops."""
    for group in _batched(windows, batch):
        columns = (zip(*window, strict=True) for window in group)
        clips = [
            [
                clips_of(pictures[stream.sampling // 2 :: stream.sampling], stream)
                for pictures, stream in zip(its, streams, strict=True)
            ]
            for its in columns
        ]
        yield [np.stack(its) for its in zip(*clips, strict=True)]


def _features(network: Network, clips: Float32Array) -> Float32Array:
    """Features (N, D) of clips (N, K, C, T, H, W): the means over crops."""
    count, crops, *shape = clips.shape
    return network.features(clips.reshape(-1, *shape)).reshape(count, crops, -1).mean(axis=1)


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group


def open_extractor(spec: FeatureSpec, backbones: Backbones, threads: int) -> BackboneExtractor:
    """The extractor of a spec, with its backbones loaded; 0 `threads` are as many as these say.

    They stay loaded for the next that is opened like this.

    Raises:
        BackboneError: one isn't found, or can't be loaded.
        DeviceError: the device was asked for by name, or a GPU is required, and can't be used.
        FeatureError: they don't make such features.
    """
    threads = threads or backbones.threads
    networks = _LOADED.get(
        (wanted_by(spec), backbones, threads),
        lambda: load_networks(backbones.find(spec), backbones, threads),
    )
    clips = max(10 if network.backbone.metadata.crops == "ten" else 1 for network in networks)
    batch = min(backbones.batch or network.batch for network in networks)
    extractor = BackboneExtractor(networks, threads, max(1, batch // clips))
    made = extractor.spec(fps=spec.fps, snippet_frames=spec.snippet_frames, stride=spec.stride)
    if differences := spec.differences(made):
        raise FeatureError(f"the backbones make {'; '.join(differences)}")
    return extractor
