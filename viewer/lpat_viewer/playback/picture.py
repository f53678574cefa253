"""What is shown of a video: one picture, and what is known of the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from lpat.video.frame import Frame
from lpat.video.seeking import SeekableVideo


@dataclass(frozen=True)
class VideoInfo:
    """A video that was opened."""

    path: Path
    duration: float
    width: int  # pixels across as shown, after rotation and with square pixels
    height: int
    rate: str  # frames a second on average, "29.97 fps"; empty where the file doesn't tell
    has_sound: bool = False
    clock_start: float = 0.0  # seconds of the first frame on the file's clock, which sound shares


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame as it is shown."""

    time: float
    duration: float  # until the next frame, where the container tells
    image: QImage = field(repr=False)
    exact: bool  # the frame that was asked, not one near it while that is decoded


def info_of(video: SeekableVideo, first: Frame) -> VideoInfo:
    """Size, rate and duration of a video, as its first frame tells."""
    size = shown_size(first, video.pixel_aspect)
    return VideoInfo(
        video.path,
        video.duration,
        size.width(),
        size.height(),
        rate_text(video.frame_rate),
        video.has_sound,
        video.clock_start,
    )


def rate_text(rate: float | None) -> str:
    """Frames a second as people write it."""
    return f"{rate:.2f}".rstrip("0").rstrip(".") + " fps" if rate else ""


def picture_of(frame: Frame, pixel_aspect: float, bounds: QSize, *, exact: bool) -> Picture:
    """A frame as a picture that fits into `bounds`, never larger than it is; empty bounds don't
    bound."""
    size = shown_size(frame, pixel_aspect)
    if not bounds.isEmpty() and (size.width() > bounds.width() or size.height() > bounds.height()):
        size = size.scaled(bounds, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
    width, height = size.width(), size.height()
    pixels = frame.bgr((width, height))
    # The copy owns its memory; else the image would point into the array's.
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()
    return Picture(frame.time, frame.duration, image, exact)


def shown_size(frame: Frame, pixel_aspect: float) -> QSize:
    """Square pixels that a frame takes, after rotation."""
    turned = frame.width != frame.picture.width  # a square one is as wide either way
    if turned:
        return QSize(frame.width, max(round(frame.height * pixel_aspect), 1))
    return QSize(max(round(frame.width * pixel_aspect), 1), frame.height)
