"""What a container says of its video, checked against what it holds: stream, length and rate.

Headers may be wrong, and tags are anybody's. Covers, previews and single pictures come as streams
too, often the first and marked as the default one: so pictures are counted. A file counts as cut
off only where its own structure reaches beyond its end: MP4 and Matroska are made of parts that say
how many bytes they have. A rate is that of the timestamps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from lpat.errors import VideoError
from lpat.video.address import Address
from lpat.video.container import access_errors_named, open_container

# FFmpeg makes pictures of these too, but nobody means them as videos.
_TEXT_CODECS = frozenset({"ansi", "bintext", "xbin", "idf"})
_STILL_STREAMS = Disposition.attached_pic | Disposition.timed_thumbnails

MOST_COUNTED = 500
"""Pictures of all streams after which it is plain which of them move: 20 s of one at 25 fps."""

MOST_READ = 256 << 20  # bytes, for the same

LEAST_SHARE = 0.1
"""Of the pictures that the busiest stream has in the same time. With fewer it is a slide show."""


def video_stream(address: Address, container: InputContainer) -> VideoStream:
    """The stream to read: of those that move, the default one, else the largest, else the first.

    Where there are several, the beginning of a file is read once more. What can't be read twice, a
    URL or a pipe, is judged by what FFmpeg has seen of it so far.

    Raises:
        VideoError: there is none that can be decoded as a video.
    """
    form = container.format.name
    streams = [s for s in container.streams.video if not s.disposition & _STILL_STREAMS]
    if not streams:
        kinds = ["cover picture" if s.type == "video" else s.type for s in container.streams]
        found = ", ".join(sorted(set(kinds))) or "nothing"
        raise VideoError.of(address, f"expected a video, but it has no video stream ({found} only)")
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise VideoError.of(address, "no decoder for its video stream")
    if form == "webp_pipe" and isinstance(address, Path) and _is_animated_webp(address):
        raise VideoError.of(
            address,
            "expected a video, but it is an animated WebP, which FFmpeg doesn't read: "
            "convert it to GIF or MP4",
        )
    if form.startswith("image2") or form.endswith("_pipe"):
        raise VideoError.of(address, f"expected a video, but it is a still picture ({form})")
    videos = [s for s in decodable if s.codec_context.name not in _TEXT_CODECS]
    if not videos:
        raise VideoError.of(address, "expected a video, but it is text")
    if len(videos) > 1:
        videos = _moving(address, container, videos)
    return max(videos, key=lambda s: (bool(s.disposition & Disposition.default), _pixels(s)))


def _is_animated_webp(path: Path) -> bool:
    """Whether a WebP file's extended header says that it holds an animation."""
    with access_errors_named(path), path.open("rb") as file:
        start = file.read(21)
    return start[12:16] == b"VP8X" and bool(start[20] & 2)


def _pixels(stream: VideoStream) -> int:
    return stream.width * stream.height


def _moving(
    address: Address, container: InputContainer, streams: Sequence[VideoStream]
) -> Sequence[VideoStream]:
    """Those that aren't still for most of the time; all where nothing tells."""
    if not isinstance(address, Path):
        best = container.streams.best("video")
        return [stream for stream in streams if stream is best] or streams
    with open_container(address) as twin:
        counts = _counted(twin, [stream.index for stream in streams])
    most = max(counts.values(), default=0)
    return [s for s in streams if counts[s.index] >= LEAST_SHARE * most]


def _counted(container: InputContainer, indices: Sequence[int]) -> Counter[int]:
    """How many pictures the streams of these indices have in the file's first part."""
    counts: Counter[int] = Counter()
    size = 0
    try:
        for packet in container.demux(*(container.streams[index] for index in indices)):
            if packet.size:
                counts[packet.stream.index] += 1
                size += packet.size
            if counts.total() >= MOST_COUNTED or size >= MOST_READ:
                break
    except FFmpegError:
        pass  # the file breaks off here, for a decoder too
    return counts


_MP4, _MATROSKA = "mov,", "matroska,"  # how FFmpeg's names of the formats begin
_MOST_BOXES = 1_000_000
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def duration_in_header(container: InputContainer, stream: VideoStream) -> float:
    """Seconds that a header says of a video; 0 where it has none.

    What FFmpeg tells of other formats, it has estimated from what it could read.
    """
    form = container.format.name
    if form.startswith(_MP4) and stream.time_base:
        return float((stream.duration or 0) * stream.time_base)
    return (container.duration or 0) / av.time_base if form.startswith(_MATROSKA) else 0.0


def is_cut_off(path: Path, container: InputContainer, stream: VideoStream) -> bool:
    """Whether bytes are missing at a file's end; False where that can't be told."""
    form = container.format.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if form.startswith(_MATROSKA):
                return _segment_end(file) > size
            if not form.startswith(_MP4):
                return False
            entries = stream.index_entries
            listed = entries[-1].pos + entries[-1].size if len(entries) else 0
            return listed > size or _boxes_end(file, size) > size
    except OSError:
        return False


def _boxes_end(file: BinaryIO, size: int) -> int:
    """Where the last of an MP4's outer boxes that begins in its `size` bytes ends."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8:  # 0: up to the file's end, wherever that is
            break
        place += length
    return place


def _segment_end(file: BinaryIO) -> int:
    """Where a Matroska file's segment ends; 0 where it doesn't say, as of what was sent live."""
    if file.read(4) != _EBML:
        return 0
    header = _vint(file)
    if header is None:
        return 0
    file.seek(header, 1)
    if file.read(4) != _SEGMENT:
        return 0
    length = _vint(file)
    return 0 if length is None else file.tell() + length


def _vint(file: BinaryIO) -> int | None:
    """EBML's number of variable length; None for a size that isn't known."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(first + file.read(extra), "big") & ((1 << (7 * (extra + 1))) - 1)
    return None if value == (1 << (7 * (extra + 1))) - 1 else value


HIGHEST_RATE = 300
"""Frames a second. What is beyond is the resolution of a clock, not a rate of frames."""

TOLERANCE = 0.03
"""Share by which a rate may differ from the timestamps', which containers round: 24 isn't 25."""

MOST_PICTURES = 250

_WHOLE = 0.01  # a measured rate so near to a usual one is that


def frame_rate(address: Address, stream: VideoStream) -> Fraction | None:
    """Nominal frames a second of a stream; None where neither its header nor its pictures tell.

    The first pictures' timestamps are read from the file once more. A URL's header is believed.
    """
    rates = (stream.guessed_rate, stream.average_rate)
    stated = next((rate for rate in rates if rate and rate <= HIGHEST_RATE), None)
    steps = _steps(address, stream.index) if isinstance(address, Path) else np.empty(0)
    if len(steps) == 0:
        return stated
    usual = float(np.median(steps))
    even = bool((abs(steps - usual) < usual / 2).all())
    rates = [1 / float(steps.mean())] if even else [1 / usual, 1 / float(steps.mean())]
    if stated and any(abs(float(stated) / rate - 1) <= TOLERANCE for rate in rates):
        return stated
    return _rounded(rates[0]) if rates[0] <= HIGHEST_RATE else stated


def _steps(path: Path, index: int) -> np.ndarray:
    """Seconds between the first pictures, in the order shown; none where timestamps are missing."""
    times: list[float] = []
    with open_container(path) as container:
        try:
            for packet in container.demux(container.streams[index]):
                if packet.pts is not None and packet.size:
                    times.append(float(packet.pts * packet.time_base))
                if len(times) == MOST_PICTURES:
                    break
        except FFmpegError:
            pass  # the file breaks off here
    steps = np.diff(np.unique(times))
    # Pictures that are shown before the last ones may still be to come.
    return steps[: len(steps) - 16] if len(steps) > 32 else steps


def _rounded(rate: float) -> Fraction:
    whole = max(round(rate), 1)
    usual = min(
        (Fraction(whole), Fraction(whole * 1000, 1001)), key=lambda near: abs(float(near) - rate)
    )
    if abs(float(usual) / rate - 1) <= _WHOLE:
        return usual
    return Fraction(rate).limit_denominator(1001)
