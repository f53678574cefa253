"""Flows that motion features can be tried with, by name."""

from __future__ import annotations

import numpy as np

from lpat.core import tvl1
from lpat.motion.flow import PairFlow, dis, dis_opencv
from lpat.types import Float32Array
from lpat.video.frame import UInt8Array


def tvl1_flow(last: UInt8Array, image: UInt8Array) -> Float32Array:
    """TV-L1 of the core, with its defaults, as a `PairFlow`."""
    return tvl1(np.stack([last, image]), threads=1)[0].transpose(1, 2, 0)


def no_flow(last: UInt8Array, _: UInt8Array) -> Float32Array:
    """None at all, to see what all else costs."""
    return np.zeros((*last.shape, 2), np.float32)


PAIR_FLOWS: dict[str, PairFlow] = {
    "dis": dis,
    "dis-opencv": dis_opencv,
    "tvl1": tvl1_flow,
    "none": no_flow,
}
