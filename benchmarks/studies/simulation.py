"""Made-up snippet features over real time lines, whose difficulties are known one by one.

Each snippet is a sum of a few prototype vectors, of a video's own offset and of noise:

- inside an action, its class's prototype of the phase it is in: begin, middle or end. Classes of
  a family share much of begin and end, so that the middle alone tells them apart;
- around an action, for a while, context that looks partly like the action's middle;
- a background out of a few that all videos share, changing in stretches, weaker under actions;
- in all of the video a scene, which mostly goes with its class.

A snippet sees its receptive field, not its own time alone, so borders are mixed.

Segment times decide what is simulated, as they do in any real video. Training gets the features
and the labels, never a segment.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from lpat.annotations.reading import VideoAnnotation
from lpat.types import BoolArray, Features, FeatureSpec, Float32Array, Float64Array, Int64Array
from lpat.video.resampling import count_ticks

FPS, SNIPPET_FRAMES = 25.0, 16
PARTS = 4
"""Instants per snippet at which the time line is looked up."""
PHASES = 3


@dataclass(frozen=True)
class Difficulty:
    """What makes actions hard to find; strengths are lengths of vectors, an action's is 1.

    dimension: D of the features.
    middle: share of an instance, in its middle, that shows its class's own prototype.
    family_size: classes that share their begin and end with each other.
    family_share: share of the squared length of begin and end that all of a family have in common.
    backgrounds: number of background prototypes.
    background: their strength outside actions.
    background_inside: the same inside.
    stretch_seconds: mean time for which a background stays.
    scene: strength of the scene, inside and outside.
    scene_reliability: chance that a video's scene is that of its label, not of any class.
    context: strength of what comes before and after an action.
    context_likeness: cosine between that and the action's middle.
    context_chance: chance of it on each side of an instance.
    context_seconds: its mean length.
    weakest: least strength of an instance; they are uniform from there to 1.
    receptive_seconds: time whose mean a snippet shows.
    offset: strength of the vector that is a video's own.
    noise: standard deviation in each dimension, independent from snippet to snippet.
    """

    dimension: int = 128
    middle: float = 0.7
    family_size: int = 4
    family_share: float = 0.4
    backgrounds: int = 8
    background: float = 0.8
    background_inside: float = 0.3
    stretch_seconds: float = 12.0
    scene: float = 0.4
    scene_reliability: float = 0.7
    context: float = 0.8
    context_likeness: float = 0.35
    context_chance: float = 0.4
    context_seconds: float = 2.0
    weakest: float = 0.6
    receptive_seconds: float = 0.96
    offset: float = 0.3
    noise: float = 0.15


MEDIUM = Difficulty()
DIFFICULTIES: Mapping[str, Difficulty] = MappingProxyType(
    {
        "easy": replace(
            MEDIUM, middle=0.8, family_share=0.2, scene=0.2, context_likeness=0.2,
            context_chance=0.2, weakest=0.8, receptive_seconds=0.64, offset=0.2, noise=0.1,
        ),
        "medium": MEDIUM,
        "hard": replace(
            MEDIUM, middle=0.5, family_share=0.6, scene=0.6, context_likeness=0.5,
            context_chance=0.5, weakest=0.5, receptive_seconds=1.28, offset=0.5, noise=0.2,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Prototypes:
    """Vectors of length 1 that all videos of a simulation are made of."""

    phases: Float64Array  # (C, PHASES, D): begin, middle, end
    contexts: Float64Array  # (C, D)
    scenes: Float64Array  # (C, D)
    backgrounds: Float64Array  # (K, D)

    def rows(self) -> Float64Array:
        """All of them (P, D), in the order of the fields."""
        dimension = self.phases.shape[-1]
        phases = self.phases.reshape(-1, dimension)
        return np.concatenate([phases, self.contexts, self.scenes, self.backgrounds])


def simulate(
    annotations: Sequence[VideoAnnotation], difficulty: Difficulty, seed: int
) -> dict[str, Features]:
    """Features of each video by name.

    Prototypes follow from the seed and the classes, each video from the seed, its name and its
    annotation; so it is the same whatever others are simulated, as long as the classes are.

    Raises:
        ValueError: a video whose duration isn't known.
    """
    classes = classes_of(annotations)
    rows = make_prototypes(len(classes), difficulty, seed).rows()
    spec = FeatureSpec(
        "simulation", 1, {**asdict(difficulty), "seed": seed}, difficulty.dimension,
        FPS, SNIPPET_FRAMES, SNIPPET_FRAMES,
    )  # fmt: skip
    features = {}
    for video in annotations:
        duration = video.duration
        if duration is None:
            raise ValueError(f"video {video.name!r}: expected a duration, not None")
        values = _simulate_video(video, duration, classes, rows, difficulty, seed)
        features[video.name] = Features(values, spec, duration)
    return features


def classes_of(annotations: Sequence[VideoAnnotation]) -> tuple[str, ...]:
    """All labels, sorted."""
    return tuple(sorted({label for video in annotations for label in video.labels}))


def make_prototypes(classes: int, difficulty: Difficulty, seed: int) -> Prototypes:
    """The prototypes of a simulation."""
    random = np.random.default_rng((seed, 0))
    size = difficulty.dimension
    middles = _directions(random, classes, size)
    families = _directions(random, -(-classes // difficulty.family_size) * 2, size)
    shared = families.reshape(-1, 2, size)[np.arange(classes) // difficulty.family_size]
    own = _directions(random, classes * 2, size).reshape(classes, 2, size)
    ends = _mixed(shared, own, np.sqrt(difficulty.family_share))
    others = _directions(random, classes, size)
    return Prototypes(
        phases=np.stack([ends[:, 0], middles, ends[:, 1]], axis=1),
        contexts=_mixed(middles, others, difficulty.context_likeness),
        scenes=_directions(random, classes, size),
        backgrounds=_directions(random, difficulty.backgrounds, size),
    )


def snippet_truth(video: VideoAnnotation, edges: Float64Array, classes: Sequence[str]) -> BoolArray:
    """Whether the middle of each snippet lies in a segment of each class: (T, C)."""
    middles = (edges[:-1] + edges[1:]) / 2
    truth = np.zeros((len(middles), len(classes)), np.bool_)
    for (start, end), label in zip(video.segments, video.segment_labels, strict=True):
        if label in classes:
            truth[:, classes.index(label)] |= (start <= middles) & (middles < end)
    return truth


def _simulate_video(
    video: VideoAnnotation,
    duration: float,
    classes: Sequence[str],
    rows: Float64Array,
    difficulty: Difficulty,
    seed: int,
) -> Float32Array:
    random = np.random.default_rng((seed, 1, zlib.crc32(video.name.encode())))
    count = max(1, -(-count_ticks(duration, FPS) // SNIPPET_FRAMES))
    step = SNIPPET_FRAMES / FPS / PARTS
    times = (np.arange(count * PARTS, dtype=np.float64) + 0.5) * step
    weights = np.zeros((len(times), len(rows)))
    inside = _add_actions(weights, times, video, classes, difficulty, random)
    _add_backgrounds(weights, times, inside, difficulty, random)
    scenes = weights[:, len(classes) * (PHASES + 1) :][:, : len(classes)]
    scenes[:, _scene_of(video, classes, difficulty, random)] = difficulty.scene
    seen = _receptive_means(weights, count, round(difficulty.receptive_seconds / step))
    offset = difficulty.offset * _directions(random, 1, difficulty.dimension)
    noise = difficulty.noise * random.standard_normal((count, difficulty.dimension))
    return (seen @ rows + offset + noise).astype(np.float32)


def _add_actions(
    weights: Float64Array,
    times: Float64Array,
    video: VideoAnnotation,
    classes: Sequence[str],
    difficulty: Difficulty,
    random: Generator,
) -> BoolArray:
    """Set the weights of phases and contexts; whether each instant (F,) lies in an action."""
    inside = np.zeros(len(times), np.bool_)
    contexts: list[tuple[int, BoolArray]] = []
    for (start, end), label in zip(video.segments, video.segment_labels, strict=True):
        number = classes.index(label)
        strength = random.uniform(difficulty.weakest, 1)
        within = (start <= times) & (times < end)
        middle = difficulty.middle / 2
        share = (times[within] - start) / max(end - start, 1e-9)
        phase = (share >= 0.5 - middle).astype(int) + (share >= 0.5 + middle)
        instants = np.flatnonzero(within)
        columns = number * PHASES + phase
        weights[instants, columns] = np.maximum(weights[instants, columns], strength)
        inside |= within
        for side in ("before", "after"):
            chosen = random.random() < difficulty.context_chance
            length = random.exponential(difficulty.context_seconds)
            first = start - length if side == "before" else end
            if chosen:
                contexts.append((number, (first <= times) & (times < first + length)))
    for number, around in contexts:
        weights[around & ~inside, len(classes) * PHASES + number] = difficulty.context
    return inside


def _add_backgrounds(
    weights: Float64Array,
    times: Float64Array,
    inside: BoolArray,
    difficulty: Difficulty,
    random: Generator,
) -> None:
    stretches = _stretches(times, difficulty.stretch_seconds, random)
    numbers = random.integers(difficulty.backgrounds, size=stretches[-1] + 1)[stretches]
    strength = np.where(inside, difficulty.background_inside, difficulty.background)
    first = weights.shape[1] - difficulty.backgrounds
    weights[np.arange(len(times)), first + numbers] = strength


def _stretches(times: Float64Array, mean: float, random: Generator) -> Int64Array:
    """The number of the stretch that each instant is in, from 0; lengths are exponential."""
    borders = np.cumsum(random.exponential(mean, size=int(4 * times[-1] / mean) + 16))
    return np.searchsorted(borders, times)


def _scene_of(
    video: VideoAnnotation, classes: Sequence[str], difficulty: Difficulty, random: Generator
) -> int:
    if video.labels and random.random() < difficulty.scene_reliability:
        return classes.index(video.labels[int(random.integers(len(video.labels)))])
    return int(random.integers(len(classes)))


def _receptive_means(weights: Float64Array, count: int, width: int) -> Float64Array:
    """Means (T, P) of `width` instants around the middle of each snippet, fewer at the ends."""
    sums = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(weights, axis=0)])
    centres = np.arange(count) * PARTS + PARTS // 2
    low = np.maximum(centres - width // 2, 0)
    high = np.minimum(centres + max(width - width // 2, 1), len(weights))
    return (sums[high] - sums[low]) / (high - low)[:, None]


def _directions(random: Generator, count: int, size: int) -> Float64Array:
    vectors = random.standard_normal((count, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _mixed(first: Float64Array, second: Float64Array, cosine: float) -> Float64Array:
    """Vectors of length 1 with about that cosine to the first."""
    mixed = cosine * first + np.sqrt(1 - cosine**2) * second
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)
