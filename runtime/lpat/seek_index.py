"""Whether a file's timestamps can be relied on for seeking, and where decoding can start.

A time is found by its timestamp only where the whole video has one clock: no frame without
timestamp, no restart, no jump that can't be filmed time. Containers with an index of their own,
such as MP4 and Matroska, tell at once; of others all packets are read, but none decoded.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lpat.types import Float64Array
from lpat.video import LONGEST_GAP, LONGEST_STEP_BACK

LONGEST_GROUP = 60.0
"""Seconds. An index whose last key frame lies farther from the end may not be whole."""

PACKETS_OF_A_PART = 500


@dataclass(frozen=True)
class SeekIndex:
    """What is known before decoding. Times are in seconds on the container's own clock."""

    has_one_clock: bool
    keys: Float64Array  # key frames, increasing, roughly: some containers know decoding times only

    def has_key_between(self, start: float, end: float) -> bool:
        """Whether decoding could start in (start, end]."""
        first, last = np.searchsorted(self.keys, [start, end], side="right")
        return bool(last > first)


BROKEN_CLOCK = SeekIndex(False, np.empty(0))


def own_index(stream: VideoStream, duration: float | None) -> SeekIndex | None:
    """The container's own index; None if it has none, or it may not be whole.

    `duration` is what the container says of the stream, in seconds.
    """
    if duration is None or stream.time_base is None:
        return None
    entries = [(entry.timestamp, bool(entry.is_keyframe)) for entry in stream.index_entries]
    if not entries:
        return None
    ticks, is_key = zip(*entries, strict=True)
    times = np.array(ticks, np.float64) * float(stream.time_base)
    steps = np.diff(times)
    first = float((stream.start_time or 0) * stream.time_base)
    if len(steps) and (steps.min() <= 0 or steps.max() >= LONGEST_GAP):
        return None
    if times[0] > first or first + duration - times[-1] > LONGEST_GROUP:
        return None
    return SeekIndex(True, times[np.array(is_key)])


def read_index(container: InputContainer, stream: VideoStream) -> Generator[None, None, SeekIndex]:
    """The index that all packets give, in parts: it yields nothing, that one may stop between."""
    timestamps: list[int | None] = []
    keys: list[int] = []
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            timestamps.append(packet.pts)
            if packet.is_keyframe and packet.pts is not None:
                keys.append(packet.pts)
            if len(timestamps) % PACKETS_OF_A_PART == 0:
                yield
    except FFmpegError:
        pass  # the file breaks off here, for a decoder too
    base = float(stream.time_base or 0)
    if not has_one_clock(timestamps, base):
        return BROKEN_CLOCK
    return SeekIndex(True, np.unique(np.array(keys, np.float64)) * base)


def has_one_clock(timestamps: Sequence[int | None], base: float) -> bool:
    """Whether timestamps, of `base` seconds and in the order stored, are of one running clock."""
    known = np.array([t for t in timestamps if t is not None], np.float64) * base
    if base <= 0 or len(known) == 0 or len(known) < len(timestamps):
        return False
    steps_back = np.maximum.accumulate(known) - known
    gaps = np.diff(np.sort(known))
    return bool(
        steps_back.max() < LONGEST_STEP_BACK
        and (len(gaps) == 0 or (gaps.min() > 0 and gaps.max() < LONGEST_GAP))
    )
