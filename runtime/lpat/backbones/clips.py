"""Clips of a video as a backbone is fed them: windows of pictures, cropped and normalised."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lpat.backbones.metadata import BackboneMetadata
from lpat.errors import FeatureError
from lpat.types import Float32Array
from lpat.video.frame import Size, UInt8Array
from lpat.video.resampling import snippet_windows

Item = TypeVar("Item")
Value = TypeVar("Value", np.uint8, np.float32)

LONGEST_ASPECT = 16
"""How many times as long as the shorter side a picture's longer side may be: beyond, it would be
scaled to what no memory holds, of which a crop shows nothing."""


def scaled_size(size: Size, short_side: int) -> Size:
    """Width and height once the shorter side has `short_side` pixels, at the same aspect.

    Raises:
        FeatureError: one side is more than `LONGEST_ASPECT` times as long as the other.
    """
    if max(size) > LONGEST_ASPECT * min(size):
        raise FeatureError(
            f"expected pictures whose sides differ by a factor of at most {LONGEST_ASPECT}, "
            f"not {size[0]} x {size[1]}"
        )
    scale = short_side / min(size)
    width, height = (max(short_side, round(side * scale)) for side in size)
    return width, height


def windows(
    items: Iterable[Item], frames: int, stride: int, skip: int = 0
) -> Generator[list[Item]]:
    """`snippet_windows` that are as long as a clip in any video.

    Of a video that is shorter, the last item is repeated.
    """
    for window in snippet_windows(items, frames, stride, skip):
        yield window + window[-1:] * (frames - len(window))


def kept_of(picture: NDArray[Value], metadata: BackboneMetadata) -> NDArray[Value]:
    """What the crops need of a picture (C, height, width): the centre (C, H, W), or all of it."""
    if metadata.crops == "ten":
        return picture
    height, width = metadata.crop
    down, right = (picture.shape[1] - height) // 2, (picture.shape[2] - width) // 2
    return picture[:, down : down + height, right : right + width]


def clips_of(window: Sequence[UInt8Array], metadata: BackboneMetadata) -> Float32Array:
    """Clips (K, C, T, H, W) of a window of pictures (C, height, width): one, or ten crops."""
    if len({picture.shape for picture in window}) == 1:
        crops = _cropped(np.stack(window, axis=1), metadata)
    else:  # the size changes within a window of which more than the centre is kept
        crops = np.concatenate([_cropped(one[:, None], metadata) for one in window], axis=2)
    if metadata.stream == "rgb" and metadata.colour == "bgr":
        crops = crops[:, ::-1]
    return normalised(np.ascontiguousarray(crops, np.float32), metadata)


def normalised(levels: Float32Array, metadata: BackboneMetadata) -> Float32Array:
    """Levels (K, C, T, H, W) of 0 to 255 as the network is fed them; in their own place."""
    mean, deviation = (
        np.array(values, np.float32).reshape(-1, 1, 1, 1)
        for values in (metadata.mean, metadata.deviation)
    )
    levels -= mean
    levels /= deviation
    return levels


def _cropped(pictures: UInt8Array, metadata: BackboneMetadata) -> UInt8Array:
    """Crops (K, C, T, H, W) of pictures (C, T, height, width).

    The first is the centre's; with ten, the corners' follow, and all five mirrored.
    """
    height, width = metadata.crop
    down, right = pictures.shape[2] - height, pictures.shape[3] - width
    places = [(down // 2, right // 2)]
    if metadata.crops == "ten":
        places += [(0, 0), (0, right), (down, 0), (down, right)]
    crops = np.stack([pictures[..., y : y + height, x : x + width] for y, x in places])
    if metadata.crops == "center":
        return crops
    mirrored = crops[..., ::-1].copy()
    if metadata.stream == "flow":
        mirrored[:, 0] = 255 - mirrored[:, 0]  # what moved right moves left
    return np.concatenate([crops, mirrored])
