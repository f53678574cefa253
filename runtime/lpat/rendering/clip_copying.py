"""Parts of a video as files of their own, by copying what is stored: quick, and without loss.

A copy can only begin at a key frame. MP4 has an edit list that hides what lies before the wanted
picture; in Matroska and WebM it is seen.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from lpat.video.reader import Video
from lpat.video.seek_decoder import SeekIndex, own_index, read_index
from lpat.video.writer import OrderedPackets, RefusedError, rescaled, video_output

_BACK = (0, 1, 4, 16, 64)  # seconds to seek earlier, until a key frame is early enough
_MOST_HELD = 256 << 20  # bytes between a key frame and the wanted picture
_SOUND_LAG = Fraction(1)  # seconds that sound may be stored after its pictures
_KINDS = ("video", "audio", "subtitle")


class NotCopiable(Exception):  # noqa: N818 - no error of the user's: it says why to encode
    """What is stored doesn't make up the part that is wanted."""


@dataclass(frozen=True)
class ContainerFormat:
    """A container that takes a video's streams as they are."""

    name: str  # as FFmpeg has it
    suffix: str
    hides: bool  # what lies before the wanted picture


MP4 = ContainerFormat("mp4", ".mp4", True)
_FORMS = {
    ".mov": ContainerFormat("mov", ".mov", True),
    ".mp4": MP4,
    ".mkv": ContainerFormat("matroska", ".mkv", False),
    ".webm": ContainerFormat("webm", ".webm", False),
}


class Copier:
    """Copies parts of one video, whose first picture has a timestamp.

    Raises:
        NotCopiable: timestamps don't tell the times of its pictures.
    """

    def __init__(self, video: Video, first: int | None) -> None:
        self._source = video.path
        self._container, self._video = video.container, video.stream
        base = self._video.time_base
        if first is None or base is None:
            raise NotCopiable("its pictures have no times of their own")
        self._first, self._base = first, base
        index = own_index(self._video, video.stream_duration) or _index_read(video)
        if not index.has_one_clock:
            raise NotCopiable("its clock is broken")
        self.form = _form_for(video)
        codecs = _codecs_of(self.form.name)
        self._streams = [
            stream
            for stream in self._container.streams
            if stream is self._video
            or (stream.type in _KINDS[1:] and stream.codec_context is not None
                and stream.codec_context.codec.canonical_name in codecs)
        ]  # fmt: skip

    def copy(self, start: float, end: float, path: Path) -> float | None:
        """Write [start, end) to `path`; when its first shown picture lies in the video.

        None, and no file, where the video ends before.

        Raises:
            NotCopiable: no key frame, or none that is near.
            OutputError: the file can't be written.
        """
        wanted = self._first + int(Fraction(start) / self._base)
        for back in _BACK:
            held, shown, packets = self._held(wanted, back)
            if shown is None:
                break
            keys = [
                n
                for n, packet in enumerate(held)
                if packet.stream is self._video and packet.is_keyframe and _time(packet) <= shown
            ]
            if keys:
                key = _time(held[keys[-1]])
                begin = shown if self.form.hides else key
                try:
                    self._write(held[keys[-1] :], held[: keys[-1]], packets, begin, end, path)
                except RefusedError as error:
                    raise NotCopiable(f"its container doesn't take it ({error})") from error
                return float((begin - self._first) * self._base)
            if wanted - back / self._base < self._first:
                break
        else:
            raise NotCopiable("no key frame is near")
        if shown is None and not held:
            return None
        raise NotCopiable("no key frame comes before it")

    def _held(self, wanted: int, back: int) -> tuple[list[Packet], int | None, Iterator[Packet]]:
        """Packets up to all pictures until `wanted`, the last such picture, and what follows."""
        try:
            self._container.seek(max(wanted - int(back / self._base), 0), stream=self._video)
        except FFmpegError as error:
            raise NotCopiable("one can't go to a time in it") from error
        held: list[Packet] = []
        size, shown, ended = 0, None, True
        packets = self._packets()
        for packet in packets:
            held.append(packet)
            size += packet.size
            if size > _MOST_HELD:
                raise NotCopiable("its key frames are too far apart")
            if packet.stream is not self._video:
                continue
            if packet.pts is None:
                raise NotCopiable("its pictures have no times of their own")
            if packet.pts <= wanted:
                shown = packet.pts if shown is None else max(shown, packet.pts)
            if packet.dts is not None and packet.dts > wanted:
                ended = False
                break
        _complete_decoding_times([p for p in held if p.stream is self._video])
        if ended and shown is not None:
            last = max(_time(p) + (p.duration or 0) for p in held if p.stream is self._video)
            if wanted >= last:
                return [], None, iter(())
        return held, shown, packets

    def _packets(self) -> Iterator[Packet]:
        """What is stored from here on, to where the file breaks off."""
        try:
            for packet in self._container.demux(*self._streams):
                if packet.size:
                    yield packet
        except FFmpegError:
            return

    def _write(
        self,
        held: list[Packet],
        earlier: list[Packet],
        packets: Iterator[Packet],
        begin: int,
        end: float,
        path: Path,
    ) -> None:
        """Copy from the key frame that `held` begins with; of `earlier`, sound that reaches in."""
        start = begin * self._base
        stop = self._first * self._base + Fraction(end)
        options = {} if self.form.hides else {"avoid_negative_ts": "disabled"}
        with video_output(self._source, path, self.form.name, options) as output:
            streams: dict[int, Stream] = {}
            ordered: defaultdict[int, OrderedPackets] = defaultdict(lambda: OrderedPackets(output))
            decoded: int | None = None  # when the last picture is
            for stream in self._streams:
                copy = output.add_stream_from_template(stream, opaque=True)
                copy.time_base = stream.time_base
                streams[stream.index] = copy
            output.start_encoding()
            late: list[Packet] = []  # pictures after the end, needed only if one before follows
            for packet in _chain(
                [p for p in earlier if p.stream is not self._video], held, packets
            ):
                time = (
                    packet.pts if packet.pts is not None else packet.dts or 0
                ) * packet.time_base
                copy = rescaled(packet, streams[packet.stream.index], -start)
                if packet.stream is not self._video:
                    length = (packet.duration or 0) * packet.time_base
                    if time < stop and time + length > start:
                        ordered[packet.stream.index].mux(copy)
                    continue
                if packet.pts is None or packet.dts is None:
                    raise NotCopiable("its pictures have no times of their own")
                if packet.pts < packet.dts or (decoded is not None and packet.dts <= decoded):
                    raise NotCopiable("its pictures' times are out of order")
                decoded = packet.dts
                if packet.dts * packet.time_base >= stop + (_SOUND_LAG if len(streams) > 1 else 0):
                    break
                late.append(copy)
                if time < stop:
                    output.mux(late)
                    late = []


def _chain(*parts: list[Packet] | Iterator[Packet]) -> Iterator[Packet]:
    for part in parts:
        yield from part


def _complete_decoding_times(packets: list[Packet]) -> None:
    """Give the first pictures after a seek in Matroska, which stores none, times before the others.

    Raises:
        NotCopiable: not one picture has such a time.
    """
    following: int | None = None
    for packet in reversed(packets):
        if packet.dts is None and following is not None:
            packet.dts = min(packet.pts or 0, following - max(packet.duration or 1, 1))
        following = packet.dts
    if packets and following is None:
        raise NotCopiable("its pictures have no times for decoding")


def _time(packet: Packet) -> int:
    return packet.pts if packet.pts is not None else packet.dts or 0


def _index_read(video: Video) -> SeekIndex:
    """The index that reading all packets of the video gives."""
    reading = read_index(video.container, video.stream)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return end.value


def _form_for(video: Video) -> ContainerFormat:
    """The video's own container, else the first that takes its streams.

    Raises:
        NotCopiable: none takes its pictures.
    """
    names = video.container.format.name.split(",")
    suffix = video.path.suffix.lower()
    own = None
    if "mov" in names:
        own = _FORMS[".mov" if suffix == ".mov" else ".mp4"]
    elif "matroska" in names:
        own = _FORMS[".webm" if suffix == ".webm" else ".mkv"]
    pictures = video.stream.codec_context.codec.canonical_name
    others = [
        stream.codec_context.codec.canonical_name
        for stream in video.container.streams.audio
        if stream.codec_context is not None
    ]
    forms = [*([own] if own else []), MP4, _FORMS[".mkv"]]
    taking = [form for form in forms if pictures in _codecs_of(form.name)]
    if not taking:
        raise NotCopiable(f"no container here takes {pictures}")
    if own in taking:
        return taking[0]
    return next((f for f in taking if set(others) <= _codecs_of(f.name)), taking[0])


def _codecs_of(form: str) -> set[str]:
    """Codecs that a container takes."""
    with av.open(io.BytesIO(), "w", format=form) as output:
        return output.supported_codecs
