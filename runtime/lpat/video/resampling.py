"""Frames at a constant rate, by presentation time, the snippets they make and their windows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from lpat.video.frame import Frame

Item = TypeVar("Item")

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


def snippet_windows(
    items: Iterable[Item], frames: int, stride: int, skip: int = 0
) -> Generator[list[Item]]:
    """For each snippet the `frames` items of its window, of one item per tick, once all are there.

    The window is centred on the snippet's items [t * stride, (t + 1) * stride). One that would
    begin before the video is moved forward to begin with its first item, one that would end after
    it is moved back to end with its last. So all are whole, and some at an end may be the same
    one; where the video is shorter than a window, each is all of the video.

    Of the first snippets those to `skip` are left out; the items then begin with number
    `first_tick(skip, frames, stride)`.
    """
    lead = _lead(frames, stride)
    latest: deque[Item] = deque(maxlen=frames)  # as no window lies before those at the end
    count, snippet = first_tick(skip, frames, stride), skip
    for item in items:
        latest.append(item)
        count += 1
        while count == max(snippet * stride - lead, 0) + frames:
            yield list(latest)
            snippet += 1
    while snippet * stride < count:
        yield list(latest)
        snippet += 1


def first_tick(snippet: int, frames: int, stride: int) -> int:
    """The first tick that windows need from a snippet on, wherever the video ends.

    One tick more is counted in, as flow needs a pair.
    """
    return max(0, snippet * stride - frames)


def completes_window(ticks: int, frames: int, stride: int, batch: int = 1) -> bool:
    """Whether a window ends with so many ticks, if the video goes on.

    Of each `batch` of snippets only the last one's window counts.
    """
    snippet, rest = divmod(ticks - frames + _lead(frames, stride), stride)
    if ticks == frames:  # windows that were moved forward end here, too
        return snippet + 1 >= batch
    return ticks > frames and rest == 0 and (snippet + 1) % batch == 0


def phase_of_windows(frames: int, stride: int) -> int:
    """The tick at which windows begin that lie wholly in a video, but for a multiple of stride."""
    return -_lead(frames, stride) % stride


def _lead(frames: int, stride: int) -> int:
    """Ticks of a window before its snippet's first; negative where it begins later."""
    return (frames - stride) // 2
