"""Frames of a video by time, in any order, as they would come when it is read straight through.

Decoding starts at a key frame not later than what is asked, and frames met on the way are kept
for steps to and fro. Where timestamps don't tell where a frame is, decoding starts at the
beginning: slow, but right.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path

import av
from av.error import FFmpegError

from lpat.errors import VideoError
from lpat.video.clock import Clock
from lpat.video.frame import Frame
from lpat.video.reader import Video
from lpat.video.seek_decoder import (
    BrokenClockError,
    SeekDecoder,
    StillWanted,
    always,
)

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


CACHE_BYTES = 400_000_000
"""Decoded frames that are kept: about 290 of 1280 x 720 pixels."""

MARGIN = 30
"""Frames on either side of the one asked last that idle time is used for."""


class SeekableVideo:
    """A video to look into anywhere, from `with SeekableVideo.open(path)`.

    Times are those of `Video`: seconds from the first frame, as the container has them. What may
    take long asks `wanted` again and again, and gives None once that says no; a later call goes
    on from there. To be used by one thread at a time.
    """

    def __init__(self, source: SeekDecoder, cache_bytes: int) -> None:
        self.path = source.path
        self._source = source
        self._duration: float | None = None
        self._room = cache_bytes // 2
        self._run = FrameRun(self._room)  # around the frame asked last
        self._apart = FrameRun(self._room)  # what is being decoded, unless that adds to the run
        self._joined = False  # the next frame decoded is one of the run, or comes right after it

    @classmethod
    def open(
        cls, path: str | Path, *, threads: int = 0, cache_bytes: int = CACHE_BYTES
    ) -> SeekableVideo:
        """The video at `path`; decoded frames take at most about `cache_bytes` of memory.

        Raises:
            VideoError: there is no such file, or no video in it.
        """
        return cls(SeekDecoder(Path(path), threads), cache_bytes)

    def __enter__(self) -> SeekableVideo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; frames already given stay usable."""
        self._forget()
        self._source.close()

    @property
    def frame_rate(self) -> float | None:
        """Nominal frames a second."""
        rate = self._source.video.frame_rate
        return float(rate) if rate else None

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel over its height, before rotation."""
        ratio = self._source.video.stream.codec_context.sample_aspect_ratio
        return float(ratio) if ratio else 1.0

    @property
    def has_sound(self) -> bool:
        """Whether the file has a sound track that can be decoded."""
        streams = self._source.video.container.streams.audio
        return any(stream.codec_context is not None for stream in streams)

    @property
    def clock_start(self) -> float:
        """Seconds of the first frame on the container's clock, which its other streams share."""
        return self._source.clock_start

    @property
    def duration(self) -> float:
        """Seconds up to the end of the last frame, as the last packets say.

        Once the last two frames were decoded one after the other, it is exact.
        """
        if self._duration is None:
            self._duration = _end_of_packets(self.path)
        return self._duration

    @property
    def is_indexed(self) -> bool:
        """Whether any time is found without reading all packets first."""
        return self._source.is_indexed

    @property
    def reached(self) -> Frame | None:
        """The frame decoded last, on the way to one that was asked."""
        return self._source.last

    def frame_at(self, time: float, wanted: StillWanted = always) -> Frame | None:
        """The frame shown at a time: the last one that isn't later. The first, before 0.

        Raises:
            VideoError: nothing can be decoded, or the file has gone or was replaced.
        """
        time = max(time, 0.0)
        while not self._run.covers(time):
            if self._apart.covers(time):
                self._run, self._apart = self._apart, FrameRun(self._room)
                self._joined = True
            elif not wanted() or not self._approach(time, time, wanted):
                return None
        return self._run[self._run.index(time)]

    def frame_after(self, frame: Frame, count: int, wanted: StillWanted = always) -> Frame | None:
        """The frame so many after one of this video's; before it, if `count` is negative.

        Where the video begins or ends sooner, its first or last. Raises as `frame_at` does.
        """
        while self.frame_at(frame.time, wanted) is not None:
            run = self._run
            index = run.index(frame.time) + count
            if index < 0 and run.start > 0:
                frame, count = run[0], index
                towards = math.nextafter(run.start, 0)
            elif index >= len(run) and not run.ended:
                frame, count = run[-1], index - len(run) + 1
                towards = run.end
            else:
                return run[min(max(index, 0), len(run) - 1)]
            if not wanted() or not self._approach(towards, frame.time, wanted):
                break
        return None

    def keyframe_near(self, time: float) -> Frame | None:
        """A frame near a time that is soon there: mostly the key frame before.

        None where timestamps don't tell times. Raises as `frame_at` does.
        """
        time = max(time, 0.0)
        for run in (self._run, self._apart):
            if run.covers(time):
                return run[run.index(time)]
        self._apart, self._joined = FrameRun(self._room), False
        return self._source.keyframe_near(time)

    def prepare(self, time: float, wanted: StillWanted = always) -> bool:
        """Decode one more frame around the one shown at a time; False if there are enough.

        For idle time, so that steps from there need no waiting. Raises as `frame_at` does.
        """
        run = self._run
        if not run.covers(time):
            return False
        margin = min(MARGIN, run.capacity // 3)
        index = run.index(time)
        if index < margin and run.start > 0:
            return self._approach(math.nextafter(run.start, 0), time, wanted)
        if len(run) - 1 - index < margin and not run.ended:
            return self._approach(run.end, time, wanted)
        return False

    def _approach(self, time: float, kept: float, wanted: StillWanted) -> bool:
        """Decode one frame on the way to a time; False if that isn't `wanted` any longer.

        The frame shown at `kept` stays in the run, if it is in it.
        """
        try:
            if not self._source.leads_to(time):
                if not self._source.start(time, wanted):
                    return False
                self._apart, self._joined = FrameRun(self._room), False
            self._take(self._source.next(), kept)
        except BrokenClockError:  # all times known so far may be wrong
            self._forget()
        return True

    def _take(self, frame: Frame | None, kept: float) -> None:
        """Put a decoded frame, or the end, where it belongs."""
        run, apart = self._run, self._apart
        if frame is None:
            if not self._joined and apart.start < run.start < math.inf:
                raise VideoError.of(self.path, "breaks off where it didn't before")
            ended = run if self._joined else apart
            ended.ended = True
            if len(ended) > 1:  # else how long it lasts is a guess
                self._duration = ended.end + ended[-1].duration
        elif self._joined:
            if frame.time > run.end:
                run.append(frame)
        elif run.start <= frame.time and (apart.start < run.start or frame.time <= run.end):
            if run.ended and len(run) == 1:  # now it follows another, how long it lasts is known
                self._duration = frame.time + frame.duration
            run.prepend(apart, run.index(kept))
            self._apart, self._joined = FrameRun(self._room), True
        else:
            apart.append(frame)

    def _forget(self) -> None:
        self._run, self._apart = FrameRun(self._room), FrameRun(self._room)
        self._joined = False


def _end_of_packets(path: Path) -> float:
    """Seconds up to the end of the last packet, read without decoding."""
    with Video.open(path, threads=1) as video:
        container, stream = video.container, video.stream
        if container.duration:
            with suppress(FFmpegError):  # what can't be sought is read from the start
                container.seek(max(container.duration - av.time_base, 0))
        packets: list[tuple[int, int | None]] = []  # timestamp and duration
        with suppress(FFmpegError):
            packets.extend(
                (packet.pts, packet.duration)
                for packet in container.demux(stream)
                if packet.pts is not None
            )
        clock, end = Clock(stream, stream.start_time or 0), 0.0
        for timestamp, duration in sorted(packets, key=lambda packet: packet[0]):
            if (time := clock.time(timestamp)) is not None:
                end = time + clock.duration(duration)
        return end or video.expected_duration or 0.0
