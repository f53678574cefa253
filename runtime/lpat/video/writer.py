"""Video files written whole or not at all, with upright pictures and another file's sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec import codecs_available
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from lpat.errors import LpatError, OutputError, VideoError
from lpat.files.atomic import atomic_path, output_error, takes_no_more
from lpat.video.address import Address
from lpat.video.frame import Frame, Size, UInt8Array, orientation
from lpat.video.reader import Video

Result = TypeVar("Result")

Planes = tuple[UInt8Array, UInt8Array, UInt8Array]
"""Brightness (H, W), and two planes of colour (H / 2, W / 2)."""

MATRICES = {
    1: Colorspace.ITU709,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    9: Colorspace.BT2020,
}
"""How colours are made of the planes, by FFmpeg's number for it."""

_VIDEO_RANGE = 1  # FFmpeg's number for brightness from 16 to 235


class PlaneConverter:
    """Gives pictures' planes, upright, at one even size and in one form of colour."""

    def __init__(self, size: Size, matrix: int) -> None:
        self._size = size
        self._matrix = matrix
        self._reformatter = VideoReformatter()

    def planes(self, picture: av.VideoFrame) -> Planes:
        """The planes of a picture of any form; they may be views."""
        transposed, mirrored, inverted = orientation(picture)
        width, height = self._size
        if transposed:
            width, height = height, width
        scaled = self._reformatter.reformat(
            picture,
            width=width,
            height=height,
            format="yuv420p",
            src_colorspace=MATRICES[matrix_of(picture)],
            dst_colorspace=MATRICES[self._matrix],
            dst_color_range="MPEG",
            interpolation="BICUBIC",
            threads=1,
        )
        planes = split_planes(scaled.to_ndarray())
        if transposed:
            planes = (planes[0].T, planes[1].T, planes[2].T)
        down, across = -1 if inverted else 1, -1 if mirrored else 1
        first, second, third = (plane[::down, ::across] for plane in planes)
        return first, second, third


def split_planes(stacked: np.ndarray) -> Planes:
    """Views of the planes that PyAV stacks upon each other."""
    height, width = stacked.shape[0] * 2 // 3, stacked.shape[1]
    colour = stacked[height:].reshape(2, height // 2, width // 2)
    return stacked[:height], colour[0], colour[1]


def matrix_of(picture: av.VideoFrame) -> int:
    """FFmpeg's number for how a picture's colours are made: its own, or the usual of its size."""
    if picture.colorspace in MATRICES:
        return picture.colorspace
    return 1 if picture.height >= 720 or picture.width >= 1280 else 6


def tag_colours(stream: VideoStream, picture: av.VideoFrame) -> None:
    """Say in a stream how the colours of planes made of `picture` are to be taken."""
    context = stream.codec_context
    context.colorspace = matrix_of(picture)
    context.color_range = _VIDEO_RANGE
    context.color_primaries = picture.color_primaries
    context.color_trc = picture.color_trc


def shown_size(frame: Frame, aspect: Fraction | None) -> Size:
    """Pixels across and down of an upright picture, once they are square.

    `aspect` is that of the pixels as they are stored.
    """
    if not aspect or not 0.1 < aspect < 10 or aspect == 1:
        return frame.width, frame.height
    turned = frame.width != frame.picture.width
    if turned:
        return frame.width, round(frame.height * aspect)
    return round(frame.width * aspect), frame.height


TICKS_PER_SECOND = 90_000
"""Of a second, in which new pictures have their times."""

_ENCODERS = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libopenh264": {"rc_mode": "quality"},
    "mpeg4": {"qmin": "3", "qmax": "3"},
}
"""Encoders for MP4 in the order of preference, each at constant quality."""


class RefusedError(VideoError):
    """A container doesn't take what a video is made of."""


@contextmanager
def video_output(
    source: Address, path: Path, form: str, options: dict[str, str]
) -> Iterator[OutputContainer]:
    """A container of FFmpeg's format `form` that becomes the file at `path`, of parts of `source`.

    Raises:
        OutputError: it can't be written.
        RefusedError: it can't hold what is put into it.
    """
    with atomic_path(path) as temporary:
        try:
            # An open file, as FFmpeg takes no name that isn't UTF-8.
            with (
                temporary.open("r+b") as file,
                av.open(file, "w", format=form, options=options) as output,
            ):
                yield output
        except FFmpegError as error:
            if (failure := _disk_failure(path, error)) is not None:
                raise failure from error
            raise RefusedError.of(
                source, f"can't be put into {path.name} ({error.strerror})"
            ) from error


def _disk_failure(path: Path, error: FFmpegError) -> OutputError | None:
    """Why the file at `path` can't be written; None where FFmpeg doesn't take the data."""
    cause = error.__cause__ or error.__context__  # of PyAV's calls to the open file
    failure = output_error(path, cause if isinstance(cause, OSError) else error)
    return failure if isinstance(cause, OSError) or takes_no_more(failure) else None


def add_pictures(output: OutputContainer, width: int, height: int, rate: Fraction) -> VideoStream:
    """A stream for new pictures of a size, whose times are in `TICKS_PER_SECOND`."""
    name = next((name for name in _ENCODERS if name in codecs_available), None)
    if name is None:
        raise OutputError(f"expected one of the encoders {', '.join(_ENCODERS)} in FFmpeg")
    stream = output.add_stream(name, rate=rate, options=dict(_ENCODERS[name]))
    if not isinstance(stream, VideoStream):
        raise TypeError(f"{name} isn't an encoder of pictures")
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
    stream.codec_context.thread_count = 0
    return stream


def timed_picture(pixels: UInt8Array, time: float, duration: float) -> av.VideoFrame:
    """A picture for such a stream: planes of yuv420p one below the other, and seconds."""
    picture = av.VideoFrame.from_ndarray(pixels, "yuv420p")
    picture.pts, picture.time_base = round(time * TICKS_PER_SECOND), Fraction(1, TICKS_PER_SECOND)
    picture.duration = round(duration * TICKS_PER_SECOND)
    return picture


def rescaled(packet: Packet, stream: Stream, shift: Fraction) -> Packet:
    """A copy of a packet for another file's `stream`, `shift` seconds later."""
    copy: Packet = Packet(bytes(packet))
    ticks = round(shift / packet.time_base)
    copy.time_base = packet.time_base
    copy.pts = None if packet.pts is None else packet.pts + ticks
    copy.dts = None if packet.dts is None else packet.dts + ticks
    copy.duration = packet.duration
    copy.is_keyframe = packet.is_keyframe
    for data in packet.iter_sidedata():
        copy.set_sidedata(data)
    copy.stream = stream
    return copy


_LATEST = Fraction(1, 2)
"""Seconds. What a packet that comes out of order may lie behind the one before."""


class OrderedPackets:
    """Puts packets of one stream into an output in the order of time, as FFmpeg's `-c copy` does.

    Where recordings were joined, sound overlaps by some milliseconds. A packet that comes too early
    is put right after the one before; one that lies far behind, and one that the output refuses, is
    left out.
    """

    def __init__(self, output: OutputContainer) -> None:
        self._output = output
        self._last: int | None = None  # the decoding time, in ticks of the output
        self._due = 0  # that of a packet without one

    def mux(self, packet: Packet) -> None:
        """Put in the next packet, if it can be. The output's header is written already.

        Raises:
            FFmpegError: the disk takes no more.
        """
        base = packet.stream.time_base or packet.time_base
        scale = packet.time_base / base
        time, shown = packet.dts if packet.dts is not None else packet.pts, packet.pts
        time = self._due if time is None else round(time * scale)
        if self._last is not None and time <= self._last:
            if (self._last - time) * base > _LATEST:
                return
            time = self._last + 1
        packet.time_base = base
        packet.duration = round((packet.duration or 0) * scale)
        packet.dts = time
        packet.pts = time if shown is None else max(round(shown * scale), time)
        duration = packet.duration  # which goes with the packet
        try:
            self._output.mux(packet)
        except FFmpegError as error:
            if _disk_failure(Path(), error) is not None:
                raise
            return
        self._last, self._due = time, time + max(duration, 1)


def with_sound_or_without(write: Callable[[bool], Result]) -> Result:
    """What `write` gives when it is told to keep the sound; if the output refuses that, without."""
    try:
        return write(True)
    except RefusedError:
        return write(False)


class Sound:
    """A file's first track of sound, put into an output as its pictures come.

    Copied where the output's format takes it, encoded as AAC where it doesn't. Sound that can't be
    read or put in is left out: the pictures are what matters.
    """

    def __init__(
        self,
        source: Path,
        output: OutputContainer,
        start: Fraction,
        end: Fraction | None = None,
        *,
        wanted: bool = True,
    ) -> None:
        """`start` and `end` are seconds on the container's clock; `start` becomes 0.

        The pictures' stream must be there, as the output's header is written. Without being
        `wanted` it is silence.

        Raises:
            FFmpegError: the output doesn't take its streams.
        """
        self._output, self._start, self._end = output, start, end
        self._ordered = OrderedPackets(output)
        self._video: Video | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None
        self._stream: AudioStream | None = None
        self._encodes = False
        try:
            if wanted:
                self._open(source)
        except (LpatError, FFmpegError, ValueError):
            self._next = None
        output.start_encoding()

    def _open(self, source: Path) -> None:
        self._video = Video.open(source, threads=1)
        container = self._video.container
        track = next((s for s in container.streams.audio if s.codec_context), None)
        if track is not None:
            self._add(track, container)

    def _add(self, track: AudioStream, container: InputContainer) -> None:
        self._encodes = (
            track.codec_context.codec.canonical_name not in self._output.supported_codecs
        )
        if self._encodes:
            rate = track.codec_context.sample_rate
            self._stream = self._output.add_stream("aac", rate=min(rate, 48_000))
            self._stream.codec_context.layout = "stereo"
        else:
            self._stream = self._output.add_stream_from_template(track, opaque=True)
        if self._start > 1 and container.duration:
            container.seek(round(self._start * av.time_base))
        self._packets = (packet for packet in container.demux(track) if packet.size)
        self._advance()

    def mux_until(self, seconds: float) -> None:
        """Put in all sound before a time of the output."""
        while (packet := self._next) is not None:
            begin = self._start + Fraction(seconds)
            time = (packet.pts or 0) * packet.time_base
            if time >= begin or (self._end is not None and time >= self._end):
                return
            if time + (packet.duration or 0) * packet.time_base > self._start:
                self._put(packet)
            self._advance()

    def close(self) -> None:
        """Put in the rest, up to the end, and release the file."""
        try:
            if self._end is not None:
                self.mux_until(float(self._end - self._start))
            else:
                self.mux_until(float("1e9"))
            if self._encodes and self._stream is not None:
                self._encode(None)
        finally:
            if self._video is not None:
                self._video.close()

    def _put(self, packet: Packet[AudioStream]) -> None:
        if self._stream is None:
            return
        if not self._encodes:
            self._ordered.mux(rescaled(packet, self._stream, -self._start))
            return
        try:
            frames = packet.decode()
        except FFmpegError:
            return
        for frame in frames:
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(self._start / frame.time_base)
            self._encode(frame)

    def _encode(self, frame: av.AudioFrame | None) -> None:
        if self._stream is None:
            return
        try:
            packets = self._stream.encode(frame)
        except (FFmpegError, ValueError):  # another rate or layout than before
            return
        for packet in packets:
            self._ordered.mux(packet)

    def _advance(self) -> None:
        try:
            self._next = next(self._packets, None)
        except FFmpegError:  # it breaks off here
            self._next = None


def clock_start(frame: Frame) -> Fraction:
    """When the first picture is shown on the container's clock, in seconds."""
    picture = frame.picture
    if picture.pts is None or picture.time_base is None:
        return Fraction(0)
    return picture.pts * picture.time_base
