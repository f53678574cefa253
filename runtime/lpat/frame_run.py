"""Frames of a video that follow each other, kept within a number of bytes."""

from __future__ import annotations

from bisect import bisect_right

import av

from lpat.frames import Frame

FEWEST = 4
"""Frames that are kept however large they are."""


class FrameRun:
    """Decoded frames with none missing between them, in the order shown.

    What is added on one side pushes out frames on the other once there is no room.
    """

    def __init__(self, room: int) -> None:
        self.ended = False  # the last frame is the video's last
        self._room = room  # bytes
        self._size = 0
        self._frames: list[Frame] = []
        self._times: list[float] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    @property
    def start(self) -> float:
        """Time of the first frame; infinite without one."""
        return self._times[0] if self._times else float("inf")

    @property
    def end(self) -> float:
        """Time of the last frame; minus infinity without one."""
        return self._times[-1] if self._times else float("-inf")

    @property
    def capacity(self) -> int:
        """How many frames of the size met so far find room; 0 while there are none."""
        return self._room * len(self) // max(self._size, 1)

    def covers(self, time: float) -> bool:
        """Whether the frame shown at a time is known to be among these."""
        return self.start <= time and (time <= self.end or self.ended)

    def index(self, time: float) -> int:
        """The position of the last frame that isn't later than a time; -1 if all are."""
        return bisect_right(self._times, time) - 1

    def append(self, frame: Frame) -> None:
        """Add the next frame; the earliest make room."""
        self._frames.append(frame)
        self._times.append(frame.time)
        self._size += bytes_of(frame.picture)
        while self._is_too_large():
            self._remove(0)

    def prepend(self, earlier: FrameRun, kept: int) -> None:
        """Add the frames just before; the latest make room, from position `kept` on."""
        kept += len(earlier)
        self._frames = earlier._frames + self._frames
        self._times = earlier._times + self._times
        self._size += earlier._size
        while self._is_too_large() and len(self) > kept + 1:
            self._remove(-1)
            self.ended = False
        while self._is_too_large():
            self._remove(0)

    def _is_too_large(self) -> bool:
        return self._size > self._room and len(self) > FEWEST

    def _remove(self, index: int) -> None:
        self._size -= bytes_of(self._frames.pop(index).picture)
        self._times.pop(index)


def bytes_of(picture: av.VideoFrame) -> int:
    """Memory that a decoded picture takes."""
    return sum(plane.buffer_size for plane in picture.planes)
