"""What the formats of others must know of a video beside the detections in it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True)
class Media:
    """A video as others refer to it. Frame rate and size are None of what isn't a video."""

    name: str  # what it goes by in the batch
    path: Path
    duration: float
    frame_rate: Fraction | None = None  # average, in frames per second
    width: int | None = None
    height: int | None = None


def media_of(path: Path, name: str, duration: float) -> Media:
    """A video as others refer to it."""
    return Media(name, path, duration)
