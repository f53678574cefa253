"""Optical flow between frames, by the methods that a flow backbone may have been trained on."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

from lpat.frames import UInt8Array
from lpat.types import Float32Array

FlowMethod = Literal["tvl1", "tvl1-opencv", "dis"]


def flow_between(frames: UInt8Array, method: FlowMethod, *, threads: int = 0) -> Float32Array:
    """Flow (N - 1, 2, H, W) along x and y from each grey frame (N, H, W) to the next, in pixels."""
    import cv2

    solver = cv2.optflow.DualTVL1OpticalFlow.create()
    if method == "dis":
        solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    pairs = [solver.calc(*two, None) for two in pairwise(frames)]  # pyright: ignore
    return np.stack(pairs).transpose(0, 3, 1, 2)


def quantised(flow: Float32Array, bound: float = 20.0) -> UInt8Array:
    """Flow clipped to +-bound as levels 0..255."""
    return np.rint((np.clip(flow, -bound, bound) + bound) * (255 / (2 * bound))).astype(np.uint8)
