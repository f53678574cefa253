"""Frames at a constant rate, by presentation time, and the snippets they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lpat.frames import Frame

TOLERANCE = 0.1
"""Ticks. How much later than its tick a frame may come and still be shown at it.

Containers round times, to milliseconds in the worst common case. So a frame of a 25 fps video may
come at 0.0401 s, and without tolerance the tick at 0.04 s would miss it and the next tick would
take it: one frame twice or another never. A tenth of a tick (4 ms) is above any rounding.
"""


@dataclass(frozen=True, eq=False)
class Tick:
    """The frame shown at `index / fps` seconds."""

    index: int
    frame: Frame
    repeated: bool  # the frame is also the tick's before


def resample(frames: Iterable[Frame], fps: float) -> Iterator[Tick]:
    """One tick for each 1 / fps seconds from 0 to the end of the last frame, with its frame.

    That is the latest frame not after the tick: a slow video's frames are held, a fast one's
    dropped without ever being converted. A video of N frames at `fps` gives N ticks, each frame
    once; any video with a frame gives at least one tick.

    Raises:
        ValueError: fps isn't positive.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be positive, not {fps}")
    return _ticks(frames, fps)


def _ticks(frames: Iterable[Frame], fps: float) -> Iterator[Tick]:
    shown: Frame | None = None
    index = 0
    for frame in frames:
        if shown is not None:
            end = count_ticks(frame.time, fps)
            for number in range(index, end):
                yield Tick(number, shown, repeated=number > index)
            index = max(index, end)
        shown = frame
    if shown is not None:
        end = max(count_ticks(shown.time + shown.duration, fps), index, 1)
        for number in range(index, end):
            yield Tick(number, shown, repeated=number > index)


def count_ticks(duration: float, fps: float) -> int:
    """Ticks in a video of `duration` seconds: ceil(duration * fps), less the tolerance."""
    return max(0, math.ceil(duration * fps - TOLERANCE))


def count_snippets(ticks: int, stride: int) -> int:
    """Snippets of `stride` ticks; a partial last one counts."""
    return -(-ticks // stride)
