"""What happens when in each demo video, drawn before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from lpat.errors import UsageError
from lpat.types import Float64Array
from lpat_train.demo.actions import ACTIONS
from lpat_train.demo.things import THINGS

Kind = Literal["motion", "appearance"]
"""What tells one class from another: how something moves, or what it is."""

LABELS: dict[Kind, tuple[str, ...]] = {"motion": (*ACTIONS,), "appearance": (*THINGS,)}

VERSION = 1
"""Raised whenever the same seed would give other pictures or other times."""

SHORTEST_ACTION, LONGEST_ACTION = 1.5, 6.0
SHORTEST_GAP = 0.6
FOREGROUND_SHARE = (0.25, 0.45)
TWO_CLASSES = 0.3  # probability that a video holds a second class


@dataclass(frozen=True)
class Recipe:
    """All that a video's pictures follow from, besides its subset and index."""

    seed: int = 0
    width: int = 192
    height: int = 144
    fps: int = 25
    seconds: tuple[float, float] = (20.0, 40.0)
    kind: Kind = "motion"

    def __post_init__(self) -> None:
        if self.width < 32 or self.height < 32 or self.width % 2 or self.height % 2:
            raise UsageError(
                f"width and height must be even and at least 32, not {self.width}x{self.height}"
            )
        shortest, longest = self.seconds
        if not SHORTEST_ACTION / FOREGROUND_SHARE[0] <= shortest <= longest:
            raise UsageError(
                f"videos must last at least {SHORTEST_ACTION / FOREGROUND_SHARE[0]:g} seconds, "
                f"not {shortest:g} to {longest:g}"
            )
        if self.seed < 0:
            raise UsageError(f"seed must not be negative, not {self.seed}")

    def __str__(self) -> str:
        """The recipe in one line, as it is kept in each video's metadata."""
        shortest, longest = self.seconds
        kind = "" if self.kind == "motion" else f" {self.kind}"
        return (
            f"lpat-demo {VERSION}{kind}: seed {self.seed}, {self.width}x{self.height}, "
            f"{self.fps} fps, {shortest:g}-{longest:g} s"
        )


@dataclass(frozen=True)
class Instance:
    """One action, from `start` to `end` in seconds."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class VideoPlan:
    """One video: its name, its length and what happens in it, in order of time."""

    recipe: Recipe
    subset: str
    index: int
    frames: int
    instances: tuple[Instance, ...]

    @property
    def name(self) -> str:
        """Name of the video without a suffix; it says nothing of the labels."""
        return f"{self.subset}_{self.index:02d}"

    @property
    def duration(self) -> float:
        """Length in seconds, a whole number of frames."""
        return self.frames / self.recipe.fps

    def generator(self, purpose: str) -> Generator:
        """Random numbers of this video for one purpose, the same in every process.

        Appearance has a stream of its own, in which no label ever takes part.
        """
        return np.random.default_rng(
            [self.recipe.seed, VERSION, self.index, *f"{self.subset}/{purpose}".encode()]
        )


def plan_video(recipe: Recipe, subset: str, index: int) -> VideoPlan:
    """The plan of one video; it doesn't depend on how many others there are."""
    blank = VideoPlan(recipe, subset, index, 0, ())
    rng = blank.generator("plan")
    frames = round(rng.uniform(*recipe.seconds) * recipe.fps)
    spans = _spans(frames / recipe.fps, rng)
    labels = _labels(LABELS[recipe.kind], len(spans), index, rng)
    instances = tuple(
        Instance(label, float(start), float(end))
        for label, (start, end) in zip(labels, spans, strict=True)
    )
    return VideoPlan(recipe, subset, index, frames, instances)


def _spans(duration: float, rng: Generator) -> Float64Array:
    """Times (N, 2) of the actions, apart from each other and from both ends of the video."""
    total = duration * rng.uniform(*FOREGROUND_SHARE)
    count = max(2, min(6, round(total / rng.uniform(2.2, 4.2))), int(np.ceil(total / 4.5)))
    count = min(count, int(total / SHORTEST_ACTION))
    lengths = _parts(total, count, SHORTEST_ACTION, rng)
    if lengths.max() > LONGEST_ACTION:  # bring all nearer to their mean, which is below
        mean = total / count
        lengths = mean + (lengths - mean) * (LONGEST_ACTION - mean) / (lengths.max() - mean)
    gaps = _parts(duration - total, count + 1, SHORTEST_GAP, rng)
    starts = np.cumsum(gaps[:-1]) + np.cumsum(lengths) - lengths
    return np.stack((starts, starts + lengths), axis=1)


def _parts(total: float, count: int, least: float, rng: Generator) -> Float64Array:
    """`count` random parts of `total`, none below `least`."""
    return least + (total - count * least) * rng.dirichlet(np.full(count, 3.0))


def _labels(classes: tuple[str, ...], count: int, index: int, rng: Generator) -> list[str]:
    """A label for each action: the classes take turns over the videos; some videos hold two."""
    names = list(classes)
    main = names.pop(index % len(names))
    labels = [main] * count
    if count > 1 and rng.random() < TWO_CLASSES:
        other = str(rng.choice(names))
        for position in rng.permutation(count)[: int(rng.integers(1, count))]:
            labels[position] = other
    return labels
