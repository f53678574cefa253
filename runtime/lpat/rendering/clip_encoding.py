"""Parts of a video as files of their own, encoded anew: for what can't be copied."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from lpat.video.clock import DEFAULT_RATE
from lpat.video.frame import Frame
from lpat.video.reader import Video
from lpat.video.writer import (
    TICKS_PER_SECOND,
    PlaneConverter,
    Sound,
    add_pictures,
    clock_start,
    matrix_of,
    shown_size,
    split_planes,
    tag_colours,
    timed_picture,
    video_output,
    with_sound_or_without,
)

_Writer = Generator[None, Frame | None, None]


@dataclass(frozen=True)
class TimeRange:
    """Seconds of a video, and the file to write them to."""

    start: float
    end: float
    path: Path


def encode_ranges(source: Path, ranges: Sequence[TimeRange]) -> list[float | None]:
    """Write each range as MP4; when its first picture lies, None (and no file) without one.

    The video is decoded once, up to the last end, or twice if its sound can't be kept.

    Raises:
        VideoError: it can't be read.
        OutputError: a file can't be written.
    """
    return with_sound_or_without(lambda sound: _encode(source, ranges, sound))


def _encode(source: Path, ranges: Sequence[TimeRange], sound: bool) -> list[float | None]:
    firsts: list[float | None] = [None] * len(ranges)
    waiting = sorted(range(len(ranges)), key=lambda n: ranges[n].start, reverse=True)
    writers: dict[int, _Writer] = {}
    try:
        with Video.open(source) as video:
            origin: Fraction | None = None
            for frame in video:
                origin = clock_start(frame) if origin is None else origin
                while waiting and ranges[waiting[-1]].start < frame.time + frame.duration:
                    n = waiting.pop()
                    firsts[n] = frame.time
                    writers[n] = _writer(source, video, ranges[n], origin, sound)
                    next(writers[n])
                for n in list(writers):
                    if frame.time < ranges[n].end:
                        writers[n].send(frame)
                    else:
                        _finish(writers.pop(n))
                if not waiting and not writers:
                    break
        while writers:
            _finish(writers.popitem()[1])
    finally:
        for writer in writers.values():  # after a failure: no part of a file stays
            writer.close()
    return firsts


def _finish(writer: _Writer) -> None:
    try:
        writer.send(None)
    except StopIteration:
        return


def _writer(
    source: Path, video: Video, span: TimeRange, origin: Fraction, keeps_sound: bool
) -> _Writer:
    """Takes the frames of a range, then None; its file is there after that."""
    first = yield
    if first is None:
        return
    width, height = shown_size(first, video.stream.sample_aspect_ratio)
    size = (width + width % 2, height + height % 2)
    upright = PlaneConverter(size, matrix_of(first.picture))
    canvas = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
    planes = split_planes(canvas)
    begin = origin + Fraction(first.time)
    options = {"video_track_timescale": str(TICKS_PER_SECOND)}
    with video_output(source, span.path, "mp4", options) as output:
        stream = add_pictures(output, *size, video.stream.guessed_rate or Fraction(DEFAULT_RATE))
        tag_colours(stream, first.picture)
        end = origin + Fraction(span.end)
        with closing(Sound(source, output, begin, end, wanted=keeps_sound)) as sound:
            frame: Frame | None = first
            while frame is not None:
                for plane, pixels in zip(planes, upright.planes(frame.picture), strict=True):
                    plane[:] = pixels
                time = frame.time - first.time
                picture = timed_picture(canvas, time, frame.duration)
                sound.mux_until(time)
                output.mux(stream.encode(picture))
                frame = yield
        output.mux(stream.encode(None))
