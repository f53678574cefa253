"""Clips of a video as a backbone is fed them: scaled frames or flow, cropped and normalised."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar

import numpy as np

from lpat.backbones.metadata import BackboneMetadata
from lpat.frames import Size, UInt8Array
from lpat.types import Float32Array

Item = TypeVar("Item")


def scaled_size(size: Size, short_side: int) -> Size:
    """Width and height once the shorter side has `short_side` pixels, at the same aspect."""
    scale = short_side / min(size)
    width, height = (max(short_side, round(side * scale)) for side in size)
    return width, height


def windows(items: Iterable[Item], frames: int, stride: int) -> Generator[list[Item]]:
    """For each snippet of `stride` items the `frames` items around its middle, as they come.

    The window is centred on the snippet's items [t * stride, (t + 1) * stride). Beyond the ends of
    the video its first and last item are repeated; a partial last snippet counts.
    """
    lead = (frames - stride) // 2  # items of the window before the snippet's
    kept: deque[Item] = deque()
    base = count = snippet = 0  # number of the first item kept, of items seen, of snippets given
    for item in items:
        kept.append(item)
        count += 1
        start = snippet * stride - lead
        if count < start + frames:
            continue
        yield [kept[max(number, 0) - base] for number in range(start, start + frames)]
        snippet += 1
        while base < snippet * stride - lead and len(kept) > 1:
            kept.popleft()
            base += 1
    while snippet * stride < count:
        start = snippet * stride - lead
        inside = (min(max(number, 0), count - 1) for number in range(start, start + frames))
        yield [kept[max(number - base, 0)] for number in inside]
        snippet += 1


def clips_of(window: Sequence[UInt8Array], metadata: BackboneMetadata) -> Float32Array:
    """Clips (K, C, T, H, W) of a window of pictures (height, width, C): one, or ten crops."""
    pictures = np.stack([_cropped(picture, metadata) for picture in window])  # (T, K, H, W, C)
    if metadata.stream == "rgb" and metadata.colour == "bgr":
        pictures = pictures[..., ::-1]
    clips = pictures.transpose(1, 4, 0, 2, 3).astype(np.float32)
    mean, deviation = (
        np.array(values, np.float32).reshape(-1, 1, 1, 1)
        for values in (metadata.mean, metadata.deviation)
    )
    return np.ascontiguousarray((clips - mean) / deviation)


def _cropped(picture: UInt8Array, metadata: BackboneMetadata) -> UInt8Array:
    """Crops (K, H, W, C): the centre; with ten, the corners too, and all five mirrored."""
    height, width = metadata.crop
    down, right = picture.shape[0] - height, picture.shape[1] - width
    places = [(down // 2, right // 2)]
    if metadata.crops == "ten":
        places += [(0, 0), (0, right), (down, 0), (down, right)]
    crops = np.stack([picture[y : y + height, x : x + width] for y, x in places])
    if metadata.crops == "center":
        return crops
    mirrored = crops[:, :, ::-1].copy()
    if metadata.stream == "flow":
        mirrored[..., 0] = 255 - mirrored[..., 0]  # what moved right moves left
    return np.concatenate([crops, mirrored])
