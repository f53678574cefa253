"""A video with what was found in it: labels on the picture, the timeline below.

Pictures stay in the form in which videos store them, Y'CbCr with halved colour, from the decoder to
the encoder: what is added to them is drawn seldom, converted once, and copied in.
"""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from lpat.rendering.overlay_drawing import (
    PAPER,
    PLAYHEAD,
    draw_labels,
    draw_strip,
    draw_time,
    layout_of,
)
from lpat.types import Detections, Scores
from lpat.video.address import FileState, require_unchanged
from lpat.video.clock import DEFAULT_RATE
from lpat.video.frame import Frame, Size, UInt8Array
from lpat.video.reader import Video
from lpat.video.writer import (
    MATRICES,
    TICKS_PER_SECOND,
    PlaneConverter,
    Planes,
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

_OPACITY = 0.72  # of the paper behind labels


def write_overlay(
    source: Path,
    scores: Scores,
    detections: Detections,
    path: Path,
    *,
    state: FileState | None = None,
) -> None:
    """Write the video at `source` as an MP4 at `path`, whole or not at all.

    Detections that are going on stand at the picture's top left. Below the picture lie the curves
    of the most probable classes over the predicted threshold, their detections as bars, and a
    playhead. Frames keep their times. The sound is kept if it can be.

    Raises:
        VideoError: the video can't be read, or has changed since `state`.
        OutputError: the file can't be written.
    """
    require_unchanged(source, state)
    with_sound_or_without(lambda sound: _write(source, scores, detections, path, state, sound))


def _write(
    source: Path,
    scores: Scores,
    detections: Detections,
    path: Path,
    state: FileState | None,
    keeps_sound: bool,
) -> None:
    with Video.open(source) as video:
        frames = iter(video)
        first = next(frames)
        painter = _Painter(
            shown_size(first, video.stream.sample_aspect_ratio), first.picture, scores, detections
        )
        options = {"movflags": "+faststart", "video_track_timescale": str(TICKS_PER_SECOND)}
        with video_output(source, path, "mp4", options) as output:
            rate = video.stream.guessed_rate or Fraction(DEFAULT_RATE)
            stream = add_pictures(output, *painter.size, rate)
            tag_colours(stream, first.picture)
            with closing(Sound(source, output, clock_start(first), wanted=keeps_sound)) as sound:
                for frame in chain([first], frames):
                    picture = painter.paint(frame)
                    sound.mux_until(frame.time)
                    output.mux(stream.encode(picture))
            output.mux(stream.encode(None))
            require_unchanged(source, state)


class _Painter:
    """Puts the strip and the labels into pictures, one after the other."""

    def __init__(
        self, size: Size, picture: av.VideoFrame, scores: Scores, detections: Detections
    ) -> None:
        self._layout = layout = layout_of(size, scores, detections)
        self._detections = detections
        self._indices = {name: index for index, name in enumerate(scores.classes)}
        self._matrix = matrix_of(picture)
        self._upright = PlaneConverter(layout.picture, self._matrix)
        self.size = (layout.width, layout.picture[1] + layout.strip)
        self._canvas = np.empty((self.size[1] * 3 // 2, self.size[0]), np.uint8)
        self._planes = split_planes(self._canvas)
        for plane, black in zip(self._planes, (16, 128, 128), strict=True):
            plane[:] = black
        self._strip = self._converted(draw_strip(layout, scores, detections))
        self._playhead = self._colour(PLAYHEAD)
        self._active: tuple[int, ...] = ()
        self._labels: tuple[Planes, Planes] | None = None  # and their opacity
        self._second = -1
        self._time = self._strip

    def paint(self, frame: Frame) -> av.VideoFrame:
        """The picture for the output."""
        layout = self._layout
        height = layout.picture[1]
        _put(self._planes, self._upright.planes(frame.picture), layout.left, 0)
        self._put_labels(frame.time)
        _put(self._planes, self._strip, 0, height)
        self._put_time(int(frame.time))
        x = int(layout.x(frame.time)) // 2 * 2
        half = max(1, round(layout.text / 16))  # width of the playhead in pixels of colour
        top, bottom = height + layout.pad // 2 * 2, height + layout.ruler
        for plane, value, part in zip(self._planes, self._playhead, (1, 2, 2), strict=True):
            plane[top // part : bottom // part, x // part : x // part + half * 2 // part] = value
        return timed_picture(self._canvas, frame.time, frame.duration)

    def _put_labels(self, time: float) -> None:
        segments = self._detections.segments
        active = tuple(np.flatnonzero((segments[:, 0] <= time) & (time < segments[:, 1])).tolist())
        if active != self._active:
            self._active, self._labels = active, self._drawn_labels(active)
        if self._labels is None:
            return
        place = self._layout.pad // 2 * 2
        left = self._layout.left + place
        for plane, box, opacity, part in zip(self._planes, *self._labels, (1, 2, 2), strict=True):
            height, width = box.shape
            region = plane[place // part :, left // part :][:height, :width]
            rows, columns = region.shape
            added = box[:rows, :columns] - region.astype(np.float32)
            region[:] = region + added * opacity[:rows, :columns] + 0.5

    def _drawn_labels(self, active: tuple[int, ...]) -> tuple[Planes, Planes] | None:
        best: dict[str, float] = {}
        for n in active:
            name = self._detections.classes[self._detections.labels[n]]
            best[name] = max(best.get(name, -np.inf), float(self._detections.scores[n]))
        labels = sorted(best.items(), key=lambda label: (-label[1], label[0]))
        image = draw_labels(
            self._layout, [(name, self._indices.get(name), score) for name, score in labels]
        )
        if image is None:
            return None
        marked = (image != PAPER).any(axis=2)
        opacity = np.where(marked, 1, _OPACITY).astype(np.float32)
        height, width = opacity.shape
        halved = opacity.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
        return self._converted(image), (opacity, halved, halved)  # type: ignore[return-value]

    def _put_time(self, second: int) -> None:
        if second != self._second:
            self._second, self._time = second, self._converted(draw_time(self._layout, second))
        _put(self._planes, self._time, 0, self._layout.picture[1] + 2)

    def _converted(self, image: UInt8Array) -> Planes:
        picture = av.VideoFrame.from_ndarray(image, "bgr24").reformat(
            format="yuv420p",
            dst_colorspace=MATRICES[self._matrix],
            dst_color_range="MPEG",
            interpolation="AREA",
        )
        return split_planes(picture.to_ndarray())

    def _colour(self, colour: tuple[int, int, int]) -> tuple[int, int, int]:
        first, second, third = self._converted(np.full((2, 2, 3), colour, np.uint8))
        return int(first[0, 0]), int(second[0, 0]), int(third[0, 0])


def _put(planes: Planes, image: Planes, left: int, top: int) -> None:
    """Copy an image into a larger one, at an even place."""
    for plane, part, size in zip(planes, image, (1, 2, 2), strict=True):
        height, width = part.shape
        plane[top // size : top // size + height, left // size : left // size + width] = part
