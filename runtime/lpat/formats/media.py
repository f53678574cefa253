"""What the formats of others must know of a video beside the detections in it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

from lpat.errors import VideoError
from lpat.video.address import Address, Url

DEFAULT_RATE = Fraction(25)
"""Frames per second where a format counts frames, but what was given has none."""


@dataclass(frozen=True)
class Media:
    """A video as others refer to it. Frame rate and size are None of what isn't a video."""

    name: str  # what it goes by in the batch
    path: Address
    duration: float
    frame_rate: Fraction | None = None  # nominal, in frames per second
    width: int | None = None  # as stored, before any rotation
    height: int | None = None
    codec: str | None = None  # as FFmpeg calls it
    start: float | None = None  # when players show the first picture
    container: str | None = None  # FFmpeg's names of the file's format, separated by commas
    pixel_format: str | None = None  # as FFmpeg calls it

    @property
    def rate(self) -> Fraction:
        """Frames per second for formats that count them: 25 where none is known."""
        return self.frame_rate or DEFAULT_RATE

    @property
    def offset(self) -> float:
        """Seconds by which players' times are later: 0 where it isn't known.

        Players count from where the file starts, which may be sound.
        """
        return self.start or 0.0

    @property
    def shows_pictures(self) -> bool:
        """Whether there is a video to refer to, not just features of one."""
        return self.width is not None

    @property
    def address(self) -> str:
        """Its URL; of a path that isn't absolute, a relative one."""
        if not isinstance(self.path, Path):
            return str(self.path)
        return self.path.as_uri() if self.path.is_absolute() else quote(os.fsencode(self.path))


def media_of(path: Address, name: str, duration: float, start: float | None = None) -> Media:
    """What the header of a file tells; of one that can't be opened as a video, what was given.

    Where `start` isn't known, the first picture is decoded to tell it.
    A path becomes absolute, as what refers to it is read from elsewhere. A URL isn't opened
    again: it may be gone, or say something else by now.
    """
    from lpat.files.media_suffixes import FEATURE_SUFFIXES
    from lpat.video.reader import Video

    if isinstance(path, Url):
        return Media(name, path, duration, start=start)
    place = Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`
    media = Media(name, place, duration, start=start)
    if path.suffix.lower() in FEATURE_SUFFIXES:
        return media
    with suppress(VideoError), Video.open(path, threads=1) as video:
        width, height = video.size
        media = Media(
            name, place, duration, video.frame_rate, width, height, video.codec, media.start,
            video.container.format.name, video.stream.codec_context.pix_fmt,
        )  # fmt: skip
        if start is None:
            next(iter(video))
            media = replace(media, start=video.start)
    return media
