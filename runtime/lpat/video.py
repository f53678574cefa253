"""Videos as streams of frames with exact times.

A frame's time is its presentation time in seconds from the first frame, as the container has it;
never its number over an average rate. Memory doesn't grow with the video, and a frame is turned
into pixels only when asked.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from lpat.errors import VideoError
from lpat.frames import Frame, Scaler

LONGEST_GAP = 3600.0
"""Seconds. Between two frames, a longer time is a broken clock, not a still picture."""

LONGEST_STEP_BACK = 1.0
"""Seconds. A frame this far behind is out of order; one still farther, after a restarted clock."""

DEFAULT_RATE = 25
"""Frames a second where neither timestamps nor the container tell."""

HIGHEST_RATE = 300
"""Frames a second. What is beyond is the resolution of a clock, not a rate of frames."""

# FFmpeg makes pictures of these too, but nobody means them as videos.
_TEXT_CODECS = frozenset({"ansi", "bintext", "xbin", "idf"})
_STILL_STREAMS = Disposition.attached_pic | Disposition.timed_thumbnails

# Before version 19, PyAV fails on a title that isn't UTF-8 unless told not to.
_OPEN_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


class Video:
    """A video's frames in the order they are shown, read once, from `with Video.open(path)`.

    The counts are of what was met so far, so they are the video's once iteration is over.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.path = path
        self.duration = 0.0  # the end of the last frame
        self.decode_failures = 0  # packets or reads that FFmpeg refused
        self.dropped_frames = 0  # frames not later than the one before
        self.clock_breaks = 0  # jumps in the timestamps that can't be filmed time
        self._container = container
        self._stream = stream
        self._reason = "its video stream is empty"
        self._started = False

    @classmethod
    def open(cls, path: str | Path, *, threads: int = 0) -> Video:
        """The video at `path`, to be decoded by so many `threads`; 0 lets FFmpeg choose.

        The frames don't depend on `threads`.

        Raises:
            VideoError: there is no such file, or no video in it.
        """
        path = Path(path)
        container = _open_container(path)
        try:
            stream = _video_stream(path, container)
        except VideoError:
            container.close()
            raise
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        return cls(path, container, stream)

    @property
    def expected_duration(self) -> float | None:
        """What the container says, for progress bars; `duration` is what was found."""
        ticks, base = self._stream.duration, self._stream.time_base
        if ticks and base:
            seconds = ticks * base.numerator / base.denominator
        else:
            seconds = (self._container.duration or 0) / av.time_base
        return seconds if seconds > 0 else None

    @property
    def frame_rate(self) -> Fraction | None:
        """Nominal frames per second as the header has them; frames go by their timestamps."""
        rates = (self._stream.guessed_rate, self._stream.average_rate)
        return next((rate for rate in rates if rate and rate <= HIGHEST_RATE), None)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as stored, before any rotation."""
        return self._stream.width, self._stream.height

    @property
    def codec(self) -> str:
        """What the video is encoded by, as FFmpeg calls it."""
        return self._stream.codec_context.codec.canonical_name

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; frames already given stay usable."""
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Frames at strictly increasing times, the first at 0.

        Decoding goes on after whatever it can't decode, up to where the file breaks off.

        Raises:
            VideoError: not one picture can be decoded.
            RuntimeError: the frames were read already.
        """
        if self._started:
            raise RuntimeError("the frames of a Video can be read once; open it again")
        self._started = True
        return self._frames()

    def _frames(self) -> Iterator[Frame]:
        scaler = Scaler()
        clock = _Clock(self._stream)
        for picture in self._pictures():
            time = clock.time(picture.pts)
            self.clock_breaks = clock.breaks
            if time is None:
                self.dropped_frames += 1
                continue
            duration = clock.duration(picture.duration)
            self.duration = time + duration
            yield Frame(time, duration, picture, scaler)
        if self.duration == 0:
            raise VideoError(f"{_shown(self.path)}: no picture can be decoded ({self._reason})")

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """All pictures that can be decoded, in the order they are shown.

        With several threads, several packets are in work when the file ends, and PyAV drops those
        after one that fails, as the last of a truncated file does. They are then decoded again
        by one thread.
        """
        last = None
        missing = 0  # packets that have given neither picture nor failure
        for sent, pictures, error in _decoded(self._container, self._stream):
            missing += sent - len(pictures) - (error is not None)
            if error is not None:
                self.decode_failures += 1
                self._reason = error.strerror or str(error)
            for picture in pictures:
                last = picture.pts
                yield picture
        single = self._stream.codec_context.thread_count == 1
        if missing <= 0 or last is None or single or self.clock_breaks:
            return
        failures = 0
        with suppress(VideoError), _open_container(self.path) as container:
            stream = next(s for s in container.streams.video if s.index == self._stream.index)
            stream.codec_context.thread_count = 1
            with suppress(FFmpegError):  # what can't be sought is read from the start
                container.seek(last, stream=stream)
            for _, pictures, error in _decoded(container, stream):
                failures += error is not None
                later = [p for p in pictures if p.pts is not None and p.pts > last]
                missing -= len(later)
                yield from later
        # Of these failures, some were met before: at most the packets still missing are new.
        self.decode_failures += max(0, min(failures, missing))


def _decoded(
    container: InputContainer, stream: VideoStream
) -> Iterator[tuple[int, list[av.VideoFrame], FFmpegError | None]]:
    """Packets sent to the decoder, none or one, and what came back: pictures or a failure."""
    try:
        for packet in container.demux(stream):
            if not packet.size:  # it means "as before", but to a decoder "the end"
                continue
            try:
                pictures = packet.decode()
            except FFmpegError as error:
                yield 1, [], error
            else:
                yield 1, pictures, None
    except FFmpegError as error:
        yield 1, [], error
    try:
        yield 0, stream.decode(None), None
    except FFmpegError as error:
        yield 0, [], error


class _Clock:
    """Seconds since the first frame, from timestamps as they come.

    `origin` is the first frame's, unless that comes first.
    """

    def __init__(self, stream: VideoStream, origin: int | None = None) -> None:
        self.breaks = 0
        self._base = stream.time_base
        rate = stream.guessed_rate
        self._interval = rate.denominator / rate.numerator if rate else 1 / DEFAULT_RATE
        self._last: float | None = None  # seconds
        self._origin = origin  # the timestamp that stands for `_offset` seconds
        self._offset = 0.0

    def time(self, timestamp: int | None) -> float | None:
        """Seconds of the next frame; None if it isn't after the one before.

        A frame without timestamp, and one after a jump that can't be filmed time, follow at the
        interval before. After a jump, the clock goes on from there.
        """
        due = 0.0 if self._last is None else self._last + self._interval
        if timestamp is None:
            self._last = due
            return due
        if self._origin is None:
            self._origin, self._offset = timestamp, due
        seconds = self._offset + self._seconds(timestamp - self._origin)
        step = self._interval if self._last is None else seconds - self._last
        if not -LONGEST_STEP_BACK < step < LONGEST_GAP:
            self.breaks += 1
            self._origin, self._offset, seconds = timestamp, due, due
        elif step <= 0:
            return None
        elif self._last is not None:
            self._interval = step
        self._last = seconds
        return seconds

    def duration(self, ticks: int | None) -> float:
        """Seconds a frame is shown, if the container says so, else the interval before."""
        seconds = self._seconds(ticks or 0)
        return seconds if 0 < seconds < LONGEST_GAP else self._interval

    def _seconds(self, ticks: int) -> float:
        return ticks * self._base.numerator / self._base.denominator if self._base else 0.0


def _open_container(path: Path) -> InputContainer:
    name = _shown(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a file"
            raise VideoError(f"{name}: expected a video, but it is {kind}")
        if status.st_size == 0:
            raise VideoError(f"{name}: expected a video, but it is empty (0 bytes)")
        with path.open("rb") as file:
            # The prefix keeps "a:b.mp4" from being read as protocol "a". A name that isn't UTF-8
            # can't be passed on; its open file can.
            if _is_utf8(str(path)):
                address, options = f"file:{path}", {}
            else:
                address, options = "fd:", {"fd": str(file.fileno())}
            options |= {"protocol_whitelist": "file,fd"}
            return av.open(address, options=options, **_OPEN_OPTIONS)
    except FileNotFoundError:
        raise VideoError(f"{name}: no such file") from None
    except VideoError:
        raise
    except FFmpegError as error:
        raise VideoError(
            f"{name}: expected a video, but it is broken or of an unknown format ({error.strerror})"
        ) from error
    except OSError as error:
        raise VideoError(f"{name}: can't be read ({error.strerror})") from error


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    """The stream to read: the default one, else the first; never a cover picture."""
    name, form = _shown(path), container.format.name
    moving = [s for s in container.streams.video if not s.disposition & _STILL_STREAMS]
    if not moving:
        kinds = ["cover picture" if s.type == "video" else s.type for s in container.streams]
        found = ", ".join(sorted(set(kinds))) or "nothing"
        raise VideoError(f"{name}: expected a video, but it has no video stream ({found} only)")
    stream = max(moving, key=lambda s: bool(s.disposition & Disposition.default))
    if stream.codec_context is None:
        raise VideoError(f"{name}: no decoder for its video stream")
    if form.startswith("image2") or form.endswith("_pipe"):
        raise VideoError(f"{name}: expected a video, but it is a still picture ({form})")
    if stream.codec_context.name in _TEXT_CODECS:
        raise VideoError(f"{name}: expected a video, but it is text")
    return stream


def _shown(path: Path) -> str:
    """The name on one line, whatever is in it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))
