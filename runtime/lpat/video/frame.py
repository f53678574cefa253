"""One picture of a video, upright, as pixels of the form and size that are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, cast

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.format import VideoFormat
from av.video.reformatter import Interpolation as Interpolations
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
Interpolation = Literal["AREA", "BILINEAR"]
"""How pictures are scaled; both smooth what they make smaller."""

_SideData = cast(Callable[[av.VideoFrame], object], SideDataContainer)  # its types lack a maker

Orientation = tuple[bool, bool, bool]
"""What `orientation` says of a picture."""

Size = tuple[int, int]
"""Width and height in pixels, in this order, as OpenCV has it."""


class Scaler:
    """Turns decoded pictures into arrays, upright; any thread may use it.

    Keeps one scaling context for each form asked, as setting one up takes longer than using it.
    """

    def __init__(self) -> None:
        self._reformatters: dict[tuple[str, Size | None, Interpolation], _Reformat] = {}
        self._lock = threading.Lock()

    def pixels(
        self,
        picture: av.VideoFrame,
        upright: Orientation,
        pixel_format: str,
        size: Size | None,
        interpolation: Interpolation = "AREA",
    ) -> UInt8Array:
        """Picture (H, W) or (H, W, 3), contiguous, the caller's own; `upright` says how to turn."""
        transposed, mirrored, inverted = upright
        width, height = size or (picture.width, picture.height)
        if transposed and size is not None:
            width, height = height, width
        key = (pixel_format, size, interpolation)
        with self._lock:
            reformat = self._reformatters.get(key)
            if reformat is None:
                reformat = self._reformatters[key] = _reformat(pixel_format, interpolation)
            scaled = reformat(picture, width, height)
        if pixel_format == "gray" and scaled is not picture:
            pixels = _plane_of(scaled, width, height)
        else:
            pixels = scaled.to_ndarray()
        if upright != (False, False, False):
            if transposed:
                pixels = pixels.swapaxes(0, 1)
            pixels = pixels[:: -1 if inverted else 1, :: -1 if mirrored else 1]
        return np.array(pixels, np.uint8, order="C")


_Reformat = Callable[[av.VideoFrame, int, int], av.VideoFrame]


def _reformat(pixel_format: str, interpolation: Interpolation) -> _Reformat:
    """Scales pictures to a width and height in a form.

    The names are looked up once: that takes as long as a small picture does.
    """
    convert = partial(
        VideoReformatter().reformat,
        format=VideoFormat(pixel_format),  # pyright: ignore[reportArgumentType] - it takes both
        interpolation=int(Interpolations[interpolation]),
        threads=1,
    )
    return lambda picture, width, height: convert(picture, width=width, height=height)


def _plane_of(picture: av.VideoFrame, width: int, height: int) -> UInt8Array:
    """A view (H, W) of the only plane of a picture that was scaled."""
    plane = picture.planes[0]
    buffer = cast(bytes, plane)  # PyAV's types don't tell that it is one
    rows = np.frombuffer(buffer, np.uint8, plane.line_size * height)
    return rows.reshape(height, -1)[:, :width]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video and when it is shown. Each call for pixels converts anew."""

    time: float
    duration: float  # the container's; where it has none, the interval to the frame before
    picture: av.VideoFrame = field(repr=False)
    scaler: Scaler = field(default_factory=Scaler, repr=False)

    @cached_property
    def _orientation(self) -> Orientation:
        return orientation(self.picture)

    @property
    def size(self) -> Size:
        """Width and height in pixels, after rotation."""
        width, height = self.picture.width, self.picture.height
        return (height, width) if self._orientation[0] else (width, height)

    @property
    def width(self) -> int:
        """Pixels across, after rotation."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Pixels down, after rotation."""
        return self.size[1]

    def gray(self, size: Size | None = None, scaling: Interpolation = "AREA") -> UInt8Array:
        """Luma (H, W), 0 black to 255 white, upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, self._orientation, "gray", size, scaling)

    def rgb(self, size: Size | None = None, scaling: Interpolation = "AREA") -> UInt8Array:
        """Red, green, blue (H, W, 3), upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, self._orientation, "rgb24", size, scaling)

    def bgr(self, size: Size | None = None) -> UInt8Array:
        """Blue, green, red (H, W, 3), upright; scaled to `size` if given."""
        return self.scaler.pixels(self.picture, self._orientation, "bgr24", size)


def orientation(picture: av.VideoFrame) -> Orientation:
    """Whether to swap rows and columns, then reverse columns, then reverse rows, to be upright.

    The display matrix sends (x, y) to (a x + c y, b x + d y), y downwards.
    """
    try:
        # Not `picture.side_data`: the picture keeps that and that the picture, in a circle, and the
        # memory of a hundred pictures would wait for the collector.
        data = cast(Mapping[Type, Any], _SideData(picture))
        matrix = data.get(Type.DISPLAYMATRIX) if len(data) else None
    except ValueError:  # PyAV 18 stumbles over side data that it has no name for
        turns = round(picture.rotation / 90) % 4  # counterclockwise
        return turns % 2 == 1, turns >= 2, turns in (1, 2)
    if matrix is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(matrix, np.int32, count=5).tolist()
    if abs(b) > abs(a):
        return True, c < 0, b < 0
    return False, a < 0, d < 0
