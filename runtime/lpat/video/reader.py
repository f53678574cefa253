"""Videos as streams of frames with exact times.

A frame's time is its presentation time in seconds from the first frame, as the container has it;
never its number over an average rate. Memory doesn't grow with the video, and a frame is turned
into pixels only when asked.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from lpat.errors import VideoError
from lpat.parallel.threads import iterate_in_thread
from lpat.video.address import Address, FileState, Url, is_camera, is_url
from lpat.video.clock import Clock
from lpat.video.container import (
    break_off_reason,
    open_container,
    require_same_while_read,
    start_of,
)
from lpat.video.frame import Frame, Scaler
from lpat.video.header_checks import (
    duration_in_header,
    frame_rate,
    is_cut_off,
    video_stream,
)

SHORTEST_LOSS = 0.5
"""Seconds, and a hundredth of the video: what lacks less than the header says is whole."""


class Video:
    """A video's frames in the order they are shown, read once, from `with Video.open(path)`.

    The counts are of what was met so far, so they are the video's once iteration is over.
    `container` and `stream` are PyAV's, for whoever reads it in another way than by iteration.
    """

    def __init__(
        self,
        path: Address,
        container: InputContainer,
        stream: VideoStream,
        opened: FileState | None = None,
    ) -> None:
        self.path = path
        self.duration = 0.0  # the end of the last frame
        self.decode_failures = 0  # packets that FFmpeg refused
        self.dropped_frames = 0  # frames not later than the one before
        self.clock_breaks = 0  # jumps in the timestamps that can't be filmed time
        self.broken_off: str | None = None  # why reading ended before the video did
        self.start: float | None = None  # when players show the first picture
        self.threads = stream.codec_context.thread_count  # that decode it; 0 where FFmpeg chooses
        self.container = container
        self.stream = stream
        # The thread that reads a URL closes it at the end.
        self._container_start = container.start_time
        self._duration_in_header = duration_in_header(container, stream)
        self._opened = opened  # the file's state then; None where it may change
        self._end = 0.0  # of the packets, in seconds
        self._packets_in_thread: Generator[Packet, None, None] | None = None
        self._reason = "its video stream is empty"
        self._started = False

    @classmethod
    def open(cls, path: str | Address, *, threads: int = 0, live: bool = False) -> Video:
        """The video at `path`, to be decoded by so many `threads`; 0 lets FFmpeg choose.

        The frames don't depend on `threads`. A file may change while it is read only if `live`.

        Raises:
            VideoError: there is no such file, no server answers, or there is no video in it.
        """
        if isinstance(path, str):
            path = Url(path) if is_url(path) or is_camera(path) else Path(path)
        opened = None if live else FileState.of(path)
        container = open_container(path)
        try:
            stream = video_stream(path, container)
        except VideoError:
            container.close()
            raise
        video = cls(path, container, stream, opened)
        video.decode_by(threads)
        return video

    def decode_by(self, threads: int) -> None:
        """Let so many `threads` decode it, before any frame is read; 0 lets FFmpeg choose."""
        self.threads = threads
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = threads

    @property
    def expected_duration(self) -> float | None:
        """What the container says, for progress bars; `duration` is what was found."""
        seconds = self.stream_duration
        if seconds is None:
            seconds = (self.container.duration or 0) / av.time_base
        return seconds if seconds > 0 else None

    @property
    def stream_duration(self) -> float | None:
        """Seconds that the container says the video stream lasts, if it tells of the stream."""
        ticks, base = self.stream.duration, self.stream.time_base
        return ticks * base.numerator / base.denominator if ticks and base else None

    @property
    def frame_rate(self) -> Fraction | None:
        """Nominal frames per second, for what counts frames; these go by their timestamps."""
        return frame_rate(self.path, self.stream)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as stored, before any rotation."""
        return self.stream.width, self.stream.height

    @property
    def codec(self) -> str:
        """What the video is encoded by, as FFmpeg calls it."""
        return self.stream.codec_context.codec.canonical_name

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; frames already given stay usable."""
        if self._packets_in_thread is None:
            self.container.close()
        else:
            self._packets_in_thread.close()

    def __iter__(self) -> Iterator[Frame]:
        """Frames at strictly increasing times, the first at 0.

        Decoding goes on after whatever it can't decode, up to where the file or the connection
        breaks off.

        Raises:
            VideoError: not one picture can be decoded; or, after the last frame, the file isn't
                what it was when it was opened.
            RuntimeError: the frames were read already.
        """
        if self._started:
            raise RuntimeError("the frames of a Video can be read once; open it again")
        self._started = True
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        scaler = Scaler()
        clock = Clock(self.stream)
        for picture in self.pictures():
            if self.start is None:
                self.start = start_of(self._container_start, picture)
            time = clock.time(picture.pts)
            self.clock_breaks = clock.breaks
            if time is None:
                self.dropped_frames += 1
                continue
            duration = clock.duration(picture.duration)
            self.duration = time + duration
            yield Frame(time, duration, picture, scaler)
        if self._opened is not None and isinstance(self.path, Path):
            require_same_while_read(self.path, self._opened)
        if self.duration == 0:
            reason = self.broken_off or self._reason
            raise VideoError.of(self.path, f"no picture can be decoded ({reason})")
        if self.broken_off is None and not self.clock_breaks:
            said = self._duration_in_header
            lost = said - self._end > max(SHORTEST_LOSS, said / 100)
            if lost and self._may_be_cut_off():
                self.broken_off = f"it ends after {self._end:.1f} s of {said:.1f} s"

    def _may_be_cut_off(self) -> bool:
        """Whether a file is; what was sent can't tell."""
        if not isinstance(self.path, Path):
            return True
        return is_cut_off(self.path, self.container, self.stream)

    def pictures(self) -> Iterator[av.VideoFrame]:
        """All pictures that can be decoded, in the order they are shown.

        With several threads, several packets are in work when the file ends, and PyAV drops those
        after one that fails, as the last of a truncated file does. They are then decoded again
        by one thread.
        """
        last = None
        missing = 0  # packets that have given neither picture nor failure
        for sent, pictures, error in _decoded(self._packets(), self.stream):
            missing += sent - len(pictures) - (error is not None)
            if error is not None:
                self.decode_failures += 1
                self._reason = error.strerror or str(error)
            for picture in pictures:
                last = picture.pts
                yield picture
        single = self.threads == 1
        if missing <= 0 or last is None or single or self.clock_breaks:
            return
        if isinstance(self.path, Url):  # what it sends can't be had again
            self.decode_failures += missing
            return
        failures = 0
        with suppress(VideoError), open_container(self.path) as container:
            stream = next(s for s in container.streams.video if s.index == self.stream.index)
            stream.codec_context.thread_count = 1
            with suppress(FFmpegError):  # what can't be sought is read from the start
                container.seek(last, stream=stream)
            for _, pictures, error in _decoded(_readable(container, stream), stream):
                failures += error is not None
                later = [p for p in pictures if p.pts is not None and p.pts > last]
                missing -= len(later)
                yield from later
        # Of these failures, some were met before: at most the packets still missing are new.
        self.decode_failures += max(0, min(failures, missing))

    def _packets(self) -> Iterator[Packet]:
        """The stream's packets; `broken_off` says whether they end before the stream does."""
        packets: Iterator[Packet] = self.container.demux(self.stream)
        if isinstance(self.path, Url):  # its header tells of all streams at once
            packets = self.container.demux()
            packets = iterate_in_thread(packets, wait=False, release=self.container.close)
            self._packets_in_thread = packets
        start = float((self.stream.start_time or 0) * (self.stream.time_base or 0))
        try:
            for packet in packets:
                pts, base = packet.pts, packet.time_base
                if pts is not None and base is not None:
                    end = (pts + (packet.duration or 0)) * base.numerator / base.denominator
                    self._end = max(self._end, end, end - start)
                if packet.stream is self.stream:
                    yield packet
        except FFmpegError as error:
            self.broken_off = break_off_reason(self.path, error)


def _readable(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """Packets up to where the file breaks off."""
    with suppress(FFmpegError):
        yield from container.demux(stream)


def _decoded(
    packets: Iterable[Packet], stream: VideoStream
) -> Iterator[tuple[int, list[av.VideoFrame], FFmpegError | None]]:
    """Packets sent to the decoder, none or one, and what came back: pictures or a failure."""
    for packet in packets:
        if not packet.size:  # it means "as before", but to a decoder "the end"
            continue
        try:
            pictures = stream.decode(packet)
        except FFmpegError as error:
            yield 1, [], error
        else:
            yield 1, pictures, None
    try:
        yield 0, stream.decode(None), None
    except FFmpegError as error:
        yield 0, [], error
