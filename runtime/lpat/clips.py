"""Detections as video files of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lpat.renderings import Stamp
from lpat.types import Detections


@dataclass(frozen=True)
class Clip:
    """A detection's file. Times are seconds of the video that it was cut from."""

    file: str
    label: str
    score: float
    start: float
    end: float
    first_picture: float  # when the first picture that is shown lies
    cut: Literal["copied", "encoded"]
    reason: str | None = None  # why it couldn't be copied


def write_clips(
    source: Path,
    detections: Detections,
    folder: Path,
    *,
    margin: float = 0.0,
    stamp: Stamp | None = None,
) -> tuple[Clip, ...]:
    """Write one file per detection into `folder`, and `clips.json`, which lists them.

    Clips are in the order of time. `margin` seconds are added on both sides, as far as the video
    goes. Streams are copied where the pictures allow it and encoded anew where not. Files that an
    earlier call wrote and this one doesn't are removed; others are left alone. A detection that
    lies past the video's end has no clip. Without detections there is only an empty list.

    Args:
        source: the video.
        detections: found in it.
        folder: for this video's clips alone.
        margin: seconds.
        stamp: of the video as it was analysed.

    Raises:
        VideoError: the video can't be read, or has changed.
        OutputError: the folder can't be written.
    """
    raise NotImplementedError
