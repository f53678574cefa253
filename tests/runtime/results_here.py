"""Writes what this processor makes of made-up input, for comparing with what another one would.

python tests/runtime/results_here.py RESULTS.npz
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np
from tests.runtime.drawn import Drawn, TickOf

from lpat.core import tvl1
from lpat.features.extractors import default_spec
from lpat.motion.extractor import MotionExtractor
from lpat.segments.detect import detect
from lpat.types import Scores
from lpat.video.resampling import Tick


def pictures(count: int) -> Iterator[np.ndarray]:
    """A texture that drifts, and a patch that circles over it."""
    random = np.random.default_rng(0)
    texture = cv2.GaussianBlur(random.integers(0, 255, (400, 480)).astype(np.uint8), (0, 0), 3)
    for index in range(count):
        picture = texture[40 : 40 + 240, index : index + 320].copy()
        x = 120 + int(60 * np.cos(index / 5))
        y = 80 + int(40 * np.sin(index / 5))
        picture[y : y + 60, x : x + 60] = texture[300:360, 100:160]
        yield picture


def scores() -> Scores:
    values = np.random.default_rng(1).normal(size=(500, 8)).astype(np.float32)
    shown = np.full(8, 1 / 8, np.float32)
    edges = np.arange(501, dtype=np.float64) * 0.32
    return Scores(tuple("abcdefg"), values[:, :7], values[:, 7], shown, edges)


def main(path: str) -> None:
    frames = (Drawn(np.repeat(picture[..., None], 3, axis=2)) for picture in pictures(100))
    ticks = (cast(Tick, TickOf(i, frame, repeated=False)) for i, frame in enumerate(frames))
    features = np.array(list(MotionExtractor().extract(ticks, default_spec())))
    small = np.array([cv2.resize(picture, (80, 60)) for picture in pictures(3)], np.uint8)
    found = detect(scores())
    np.savez(
        path, features=features, flow=tvl1(small), segments=found.segments, scores=found.scores
    )


if __name__ == "__main__":
    main(sys.argv[1])
