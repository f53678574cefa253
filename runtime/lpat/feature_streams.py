"""Features of one video as it is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from lpat.backbones.search import BACKBONES, Backbones
from lpat.extractors import ResumableExtractor, extractor_of
from lpat.parallel.processes import available_cores
from lpat.types import FeatureSpec, Float32Array
from lpat.video.address import Address
from lpat.video.reader import Video
from lpat.video.resampling import resample

MOST_DECODERS = 16
"""Threads that decode one video: as FFmpeg has it, which chooses one more than there are cores."""


@dataclass(frozen=True, eq=False)
class FeatureStream:
    """A video's features as it is read: iterating gives a vector (D,) per snippet, once.

    `video` tells meanwhile how far it was read and what of it failed to decode.
    """

    video: Video
    vectors: Iterator[Float32Array]
    first: int = 0  # the number of the first snippet

    def __iter__(self) -> Iterator[Float32Array]:
        return self.vectors


@contextlib.contextmanager
def stream_features(
    path: Address,
    spec: FeatureSpec,
    backbones: Backbones = BACKBONES,
    *,
    threads: int = 0,
    decoders: int | None = None,
    skip: int = 0,
) -> Iterator[FeatureStream]:
    """The features of a video, for whoever wants each as soon as it is there.

    So many `threads` work on it; 0 is one per core. `decoders` of them decode it, by default all.
    Of the first snippets as many as possible, to `skip`, aren't computed where that takes long.
    When the block ends, no thread goes on.

    Raises:
        VideoError: it can't be opened or, on iterating, holds no picture that can be decoded.
        FeatureError: no extractor makes features of this spec.
    """
    extractor = extractor_of(spec, backbones, threads=threads)
    decoders = decoders or threads or min(available_cores(), MOST_DECODERS)
    with Video.open(path, threads=decoders) as video:
        ticks = resample(video, spec.fps)
        if isinstance(extractor, ResumableExtractor):
            first = extractor.whole_batches(skip)
            rows = extractor.extract(ticks, spec, first)
        else:
            first, rows = 0, extractor.extract(ticks, spec)
        with contextlib.closing(rows) as vectors:
            yield FeatureStream(video, vectors, first)
