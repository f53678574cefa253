"""Frames of a video from where they are wanted, with the times that reading it through gives.

A time is found by its timestamp only where the whole video has one clock: no frame without
timestamp, no restart, no jump that can't be filmed time. Containers with an index of their own,
such as MP4 and Matroska, tell at once; of others all packets are read, but none decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lpat.errors import VideoError
from lpat.types import Float64Array
from lpat.video.address import FileState
from lpat.video.clock import LONGEST_GAP, LONGEST_STEP_BACK, Clock
from lpat.video.container import access_errors_named
from lpat.video.frame import Frame, Scaler
from lpat.video.reader import Video

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


NEAR = 1.0
"""Seconds of video that are rather decoded than skipped by seeking."""

_BACK = (0.0, 1.0, 4.0, 16.0, 64.0)  # seconds to seek earlier, until a key frame is early enough

StillWanted = Callable[[], bool]
"""Whether a result is still waited for."""


def always() -> bool:
    """Always true."""
    return True


class BrokenClockError(Exception):
    """A frame's timestamp doesn't tell its time."""


class SeekDecoder:
    """Decodes one stretch after another of a file.

    Where timestamps can't be relied on, each begins at the start. To be used by one thread at a
    time.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self.path = path
        # It checks by itself that the file stays, and one that grows may be looked into.
        self.video = Video.open(path, threads=threads, live=True)
        self.last: Frame | None = None  # the frame given last
        self._threads = threads
        self._scaler = Scaler()
        self._file = _state_of(path)
        self._unread = True  # nothing was read since the file was opened
        self._index: SeekIndex | None = None
        self._reading: Generator[None, None, SeekIndex] | None = None  # of the index
        self._origin: int | None = None  # timestamp of the first frame
        self._sought = 0.0  # what the stretch was started for
        self._first: Frame | None = None  # one that was decoded already
        self._frames: Generator[Frame, None, None] | None = None

    def close(self) -> None:
        """Release the file."""
        self.stop()
        if self._reading is not None:
            self._reading.close()
        self.video.close()

    def stop(self) -> None:
        """End the stretch."""
        if self._frames is not None:
            self._frames.close()
        self.last = self._first = self._frames = None

    def leads_to(self, time: float) -> bool:
        """Whether going on comes to the frame at a time, and no later start would sooner."""
        ahead = self._first or self.last
        if self._frames is None or ahead is None or ahead.time > time:
            return False
        known = max(ahead.time, self._sought)  # up to here, starting anew gains nothing
        if time - known <= NEAR or self._index is BROKEN_CLOCK:
            return True
        if self._index is None or self._origin is None:
            return False
        offset = self._origin * self._base
        return not self._index.has_key_between(offset + known, offset + time - NEAR)

    def start(self, time: float, wanted: StillWanted = always) -> bool:
        """Begin at a frame not later than `time`, near it if possible; False if not `wanted`.

        Raises:
            VideoError: nothing can be decoded, or the file has gone or was replaced.
        """
        if time > NEAR and not self._has_index(wanted):
            return False
        if time <= NEAR or self._index is BROKEN_CLOCK or not self._start_at_key(time):
            self._start_at_beginning()
        self._sought = time
        return True

    def keyframe_near(self, time: float) -> Frame | None:
        """A frame near a time that is soon there; None if times don't tell. Ends the stretch.

        Without an index its time may be wrong. Raises as `start` does.
        """
        if self._index is BROKEN_CLOCK:
            return None
        try:
            if not self._start_at_key(time):
                self._start_at_beginning()
        except BrokenClockError:
            return None
        frame = self._first
        self.stop()
        return frame

    @property
    def is_indexed(self) -> bool:
        """Whether `start` finds its way without reading the whole file."""
        if self._index is None:
            self._index = own_index(self.video.stream, self.video.expected_duration)
        return self._index is not None

    def next(self) -> Frame | None:
        """The next frame of the stretch; None at the end of the video. Raises as `start` does."""
        if self._first is not None:
            self.last, self._first = self._first, None
            return self.last
        if self._frames is None:
            return None
        frame = self._decode(self._frames)
        if frame is None:
            self._require_file()
            self._frames = None
        else:
            self.last = frame
        return frame

    @property
    def clock_start(self) -> float:
        """Seconds of the first frame on the container's clock; 0 until it was decoded."""
        return (self._origin or 0) * self._base

    @property
    def _base(self) -> float:
        return float(self.video.stream.time_base or 0)

    def _has_index(self, wanted: StillWanted) -> bool:
        if self.is_indexed:
            return True
        if self._reading is None:
            self._reading = _index_of_packets(self.path)
        try:
            while wanted():
                next(self._reading)
        except StopIteration as end:
            self._index, self._reading = end.value, None
        return self._index is not None

    def _start_at_beginning(self) -> None:
        self._require_file()
        self.stop()
        if not self._unread:
            self.video.close()
            self.video = Video.open(self.path, threads=self._threads, live=True)
        self._unread = False
        self._begin(self._frames_from_beginning())
        if self._first is not None and self._origin is None:
            self._origin = self._first.picture.pts

    def _start_at_key(self, time: float) -> bool:
        """Begin at a key frame not later than a time; False if none is found."""
        self._require_file()
        if self._origin is None:
            self._start_at_beginning()
        if self._origin is None or self._base == 0:
            self._index = BROKEN_CLOCK
            return False
        for back in _BACK:
            if time - back <= NEAR:
                return False
            self.stop()
            self._unread = False
            stream = self.video.stream
            try:
                timestamp = self._origin + round((time - back) / self._base)
                self.video.container.seek(timestamp, stream=stream)
                self._begin(self._frames_from_key(self._origin))
            except FFmpegError:
                continue
            if self._first is not None and self._first.time <= time:
                return True
        return False

    def _begin(self, frames: Generator[Frame, None, None]) -> None:
        self._frames = frames
        self._first = self._decode(frames)

    def _decode(self, frames: Generator[Frame, None, None]) -> Frame | None:
        try:
            return next(frames, None)
        except BrokenClockError:
            self._index = BROKEN_CLOCK
            self.stop()
            raise

    def _frames_from_beginning(self) -> Generator[Frame, None, None]:
        video = self.video
        for frame in video:
            if video.clock_breaks or frame.picture.pts is None:
                self._index = BROKEN_CLOCK
            yield frame

    def _frames_from_key(self, origin: int) -> Generator[Frame, None, None]:
        """Frames from the first key frame on that the decoder gives.

        Those that are shown before it but stored after it need what came before, so they are
        left out.
        """
        container, stream = self.video.container, self.video.stream
        clock = Clock(stream, origin)
        first: int | None = None  # timestamp
        for picture in Video(self.path, container, stream).pictures():
            timestamp = picture.pts
            if first is None and not picture.key_frame:
                continue
            if timestamp is None:
                raise BrokenClockError
            first = timestamp if first is None else first
            if timestamp < first:
                continue
            time = clock.time(timestamp)
            if clock.breaks:
                raise BrokenClockError
            if time is not None:
                yield Frame(time, clock.duration(picture.duration), picture, self._scaler)

    def _require_file(self) -> None:
        """See that the file is still there; it may have grown."""
        now = _state_of(self.path)
        if self._file.is_replaced_by(now):
            raise VideoError.of(self.path, "was replaced while it was open")
        if now.size < self._file.size:
            raise VideoError.of(self.path, "was cut short while it was open")


def _state_of(path: Path) -> FileState:
    state = FileState.of(path)
    if state is None:
        with access_errors_named(path):
            path.stat()
        raise VideoError.of(path, "no such file")  # it came back just now
    return state


def _index_of_packets(path: Path) -> Generator[None, None, SeekIndex]:
    with Video.open(path, threads=1) as video:
        return (yield from read_index(video.container, video.stream))
