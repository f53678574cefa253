"""Whether a backbone does what its users rely on: it is run on random clips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from lpat.backbones.clips import normalised
from lpat.backbones.files import Backbone
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.network import Network, load_networks
from lpat.backbones.search import Backbones
from lpat.errors import BackboneError
from lpat.types import Float32Array

COUNT = 3
"""Clips that are run, alone and together."""

RUNS = 3
"""Of a clip, the fastest of which counts."""

TOLERANCE = 1e-4
"""How far a batch may be off, in parts of the largest feature: rounding, no more."""

LEAST_REACTION = 1e-6
"""How far features of clips that share nothing must be apart, in the same parts."""


def check(backbone: Backbone, how: Backbones) -> Iterator[str]:
    """Run a backbone as `how` says; a line for each thing that holds, the time at the end.

    Features must be of the shape that was said, finite, the same again, the same in a batch of
    three but for rounding, and others for other clips.

    Raises:
        BackboneError: the first thing that doesn't hold.
        DeviceError: the device was asked for and can't be used, or fails.
    """
    named = f"{backbone.path}: {backbone.title}"
    (network,) = load_networks([backbone], replace(how, batch=COUNT))
    clips = random_clips(backbone.metadata, COUNT)
    singles = np.concatenate([network.features(clip[None]) for clip in clips])
    yield f"shape: (N, {', '.join(map(str, clips.shape[1:]))}) to (N, {singles.shape[1]})"
    yield "finite: all features"
    again = network.features(clips[:1])
    if not np.array_equal(again, singles[:1]):
        raise BackboneError(f"{named} gives other features for the same clip")
    yield "deterministic: the same features for the same clip"
    if backbone.batch is None:
        batch = network.features(clips)
        if not relative_difference(batch, singles) <= TOLERANCE:
            raise BackboneError(f"{named} gives other features in a batch of {COUNT}")
        yield f"batch: {COUNT} at once are as one by one"
    else:
        yield f"batch: fixed to {backbone.batch}"
    apart = relative_difference(singles[1:], singles[:-1])
    if not apart > LEAST_REACTION:
        raise BackboneError(f"{named} gives the same features for any clip")
    yield f"reaction: other clips are apart by {apart:.2g} of the largest feature"
    milliseconds = 1000 * min(_seconds(network, clips[:1]) for _ in range(RUNS))
    yield f"time: {milliseconds:.1f} ms a clip, {network.session.provider}"


def random_clips(metadata: BackboneMetadata, count: int) -> Float32Array:
    """Clips (N, C, T, H, W) of random levels, one brighter than the other, normalised as wanted."""
    shape = (count, *metadata.clip_shape)
    brightest = np.linspace(0, 255, count + 1)[1:].reshape(-1, 1, 1, 1, 1)
    levels = np.rint(np.random.default_rng(0).uniform(0, brightest, shape)).astype(np.float32)
    return normalised(levels, metadata)


def relative_difference(found: Float32Array, expected: Float32Array) -> float:
    """The largest difference, in parts of the largest value expected; NaN if one isn't finite."""
    with np.errstate(invalid="ignore"):
        return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))


def _seconds(network: Network, clips: Float32Array) -> float:
    start = time.perf_counter()
    network.features(clips)
    return time.perf_counter() - start
