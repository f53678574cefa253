"""One picture of a video, upright, as pixels of the form and size that are asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
Interpolation = Literal["AREA", "BILINEAR"]
"""How pictures are scaled; both smooth what they make smaller."""

Size = tuple[int, int]
"""Width and height in pixels, in this order, as OpenCV has it."""


class Scaler:
    """Turns decoded pictures into arrays, upright; any thread may use it.

    Keeps one scaling context for each form asked, as setting one up takes longer than using it.
    """

    def __init__(self) -> None:
        self._reformatters: dict[tuple[str, Size | None, Interpolation], VideoReformatter] = {}
        self._lock = threading.Lock()

    def pixels(
        self,
        picture: av.VideoFrame,
        pixel_format: str,
        size: Size | None,
        interpolation: Interpolation = "AREA",
    ) -> UInt8Array:
        """Picture (H, W) or (H, W, 3), contiguous, the caller's own."""
        transposed, mirrored, inverted = orientation(picture)
        width, height = size or _upright_size(picture)
        if transposed:
            width, height = height, width
        with self._lock:
            reformatter = self._reformatters.setdefault(
                (pixel_format, size, interpolation), VideoReformatter()
            )
            scaled = reformatter.reformat(
                picture,
                width=width,
                height=height,
                format=pixel_format,
                interpolation=interpolation,
                threads=1,
            )
        pixels = scaled.to_ndarray()
        if transposed:
            pixels = pixels.swapaxes(0, 1)
        pixels = pixels[:: -1 if inverted else 1, :: -1 if mirrored else 1]
        pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
        return pixels.copy() if scaled is picture else pixels


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video and when it is shown. Each call for pixels converts anew."""

    time: float
    duration: float  # the container's; where it has none, the interval to the frame before
    picture: av.VideoFrame = field(repr=False)
    scaler: Scaler = field(default_factory=Scaler, repr=False)

    @property
    def size(self) -> Size:
        """Width and height, after rotation."""
        return _upright_size(self.picture)

    @property
    def width(self) -> int:
        """Pixels across, after rotation."""
        return _upright_size(self.picture)[0]

    @property
    def height(self) -> int:
        """Pixels down, after rotation."""
        return _upright_size(self.picture)[1]

    def gray(self, size: Size | None = None, scaling: Interpolation = "AREA") -> UInt8Array:
        """Luma (H, W), 0 black to 255 white, upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, "gray", size, scaling)

    def rgb(self, size: Size | None = None, scaling: Interpolation = "AREA") -> UInt8Array:
        """Red, green, blue (H, W, 3), upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, "rgb24", size, scaling)

    def bgr(self, size: Size | None = None) -> UInt8Array:
        """Blue, green, red (H, W, 3), upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, "bgr24", size)


def orientation(picture: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Whether to swap rows and columns, then reverse columns, then reverse rows, to be upright.

    The display matrix sends (x, y) to (a x + c y, b x + d y), y downwards.
    """
    try:
        matrix = cast(Mapping[Type, Any], picture.side_data).get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV 18 stumbles over side data that it has no name for
        turns = round(picture.rotation / 90) % 4  # counterclockwise
        return turns % 2 == 1, turns >= 2, turns in (1, 2)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32, count=5).tolist()
    if abs(b) > abs(a):
        return True, c < 0, b < 0
    return False, a < 0, d < 0


def _upright_size(picture: av.VideoFrame) -> Size:
    transposed = orientation(picture)[0]
    return (picture.height, picture.width) if transposed else (picture.width, picture.height)
