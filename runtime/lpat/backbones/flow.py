"""Optical flow as two-stream networks were trained on it: the methods, and eight bits of flow."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from lpat.core import tvl1
from lpat.errors import FeatureError, UsageError
from lpat.types import Float32Array

if TYPE_CHECKING:
    from lpat.video.frame import UInt8Array

FlowMethod = Literal["tvl1", "tvl1-opencv", "dis"]
"""TV-L1 of the core; OpenCV's, which it follows and which takes many times as long; and OpenCV's
dense inverse search (Kroeger et al., 2016) with its medium preset, which is faster and coarser."""

SMALLEST = 16
"""Pixels that a frame has at least along either side."""


def flow_between(frames: UInt8Array, method: FlowMethod, *, threads: int = 0) -> Float32Array:
    """Flow (N - 1, 2, H, W) in pixels, along x and along y, from each grey frame to the next.

    Pairs of `frames` (N, H, W) are divided among `threads`, 0 for as many as the machine runs at
    once; their number doesn't change the result. A frame alone has no flow: (0, 2, H, W).

    Raises:
        UsageError: another method.
        FeatureError: frames of another shape or type, or smaller than 16 x 16.
    """
    if method not in get_args(FlowMethod):
        known = ", ".join(get_args(FlowMethod))
        raise UsageError(f"flow method: expected one of {known}, not {method!r}")
    _require_frames(frames)
    if len(frames) < 2:
        return np.zeros((0, 2, *frames.shape[1:]), np.float32)
    if method == "tvl1":
        return tvl1(np.ascontiguousarray(frames), threads=threads)

    def flow(pair: tuple[UInt8Array, UInt8Array]) -> Float32Array:
        # A third argument other than None would be the flow to begin with.
        return _solver(method).calc(*pair, None).transpose(2, 0, 1)

    with ThreadPoolExecutor(threads or None, "flow") as pool:
        return np.stack(list(pool.map(flow, pairwise(frames))))


def _solver(method: FlowMethod) -> Any:
    """One that works on one pair at a time: each call makes its own."""
    import cv2

    make: dict[str, Callable[[], object]] = {
        "tvl1-opencv": cv2.optflow.DualTVL1OpticalFlow_create,  # pyright: ignore
        "dis": lambda: cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM),
    }
    return make[method]()


def quantised(flow: Float32Array, bound: float = 20.0) -> UInt8Array:
    """Eight bits of flow: clipped to +-bound pixels, then round(255 (v + bound) / (2 bound)).

    As the tools that extract flow into pictures do (dense_flow), halves to even; 0 becomes 128. The
    shape stays.

    Raises:
        UsageError: a bound that isn't positive and finite.
    """
    if not (bound > 0 and np.isfinite(bound)):
        raise UsageError(f"bound of flow: expected a positive number of pixels, not {bound}")
    scaled = (np.clip(flow, -bound, bound) + bound) * (255 / (2 * bound))
    return np.rint(scaled).astype(np.uint8)


def _require_frames(frames: UInt8Array) -> None:
    if frames.ndim != 3 or frames.dtype != np.uint8:
        raise FeatureError(
            f"frames: expected uint8 of shape (N, H, W), not {frames.dtype} of {frames.shape}"
        )
    if min(frames.shape[1:]) < SMALLEST:
        raise FeatureError(
            f"frames: expected at least {SMALLEST} x {SMALLEST} pixels, "
            f"not {_size(frames.shape[1:])}"
        )


def _size(shape: tuple[int, ...]) -> str:
    """Width by height, whatever other axes there are."""
    return " x ".join(str(side) for side in reversed(shape))
