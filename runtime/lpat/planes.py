"""Pictures as videos store them: brightness, and colour at half the size.

New videos are made of them, upright and with square pixels.
"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from av.video.stream import VideoStream

from lpat.frames import Frame, Size, UInt8Array, _orientation

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


class Upright:
    """Gives pictures' planes, upright, at one even size and in one form of colour."""

    def __init__(self, size: Size, matrix: int) -> None:
        self._size = size
        self._matrix = matrix
        self._reformatter = VideoReformatter()

    def planes(self, picture: av.VideoFrame) -> Planes:
        """The planes of a picture of any form; they may be views."""
        transposed, mirrored, inverted = _orientation(picture)
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
        planes = planes_of(scaled.to_ndarray())
        if transposed:
            planes = (planes[0].T, planes[1].T, planes[2].T)
        down, across = -1 if inverted else 1, -1 if mirrored else 1
        first, second, third = (plane[::down, ::across] for plane in planes)
        return first, second, third


def planes_of(stacked: np.ndarray) -> Planes:
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
