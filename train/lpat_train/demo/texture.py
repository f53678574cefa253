"""Random textures with enough detail for motion to be seen, and shapes cut out of them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lpat.types import Float64Array

Image = NDArray[Any]  # uint8; cv2's own stubs promise no more


def random_texture(height: int, width: int, rng: Generator) -> Image:
    """A picture (height, width, 3) of blotches, stripes or checks between random colours."""
    kinds = (_blotches, _stripes, _checks)
    pattern = kinds[int(rng.integers(len(kinds)))](height, width, rng)
    pattern = 0.35 * pattern + 0.65 * _blotches(height, width, rng)
    dark, light = rng.uniform(10, 120, 3), rng.uniform(110, 245, 3)
    if rng.random() < 0.5:
        dark, light = light, dark
    return np.rint(dark + pattern[:, :, None] * (light - dark)).astype(np.uint8)


def random_patch(side: int, rng: Generator) -> Image:
    """A textured shape (side, side, 4), its colours multiplied by its alpha.

    The outline is a circle with random waves, inside the square's inner circle.
    """
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    bearing = np.arctan2(rows, columns)
    outline = np.ones_like(bearing)
    for lobes in (2, 3, 5):
        outline += rng.uniform(0, 0.14) * np.sin(lobes * bearing + rng.uniform(0, 2 * np.pi))
    outline *= (side / 2 - 1) / outline.max()
    alpha = np.clip(outline - np.hypot(rows, columns), 0, 1)
    colour = random_texture(side, side, rng) * alpha[:, :, None]
    return np.rint(np.dstack((colour, 255 * alpha))).astype(np.uint8)


def _blotches(height: int, width: int, rng: Generator) -> Float64Array:
    """Smooth noise of two sizes, in [0, 1]."""
    total = np.zeros((height, width))
    for cell in (rng.uniform(4, 7), rng.uniform(8, 18)):
        grid = rng.standard_normal((int(height / cell) + 3, int(width / cell) + 3))
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total / 4 + 0.5, 0, 1)


def _stripes(height: int, width: int, rng: Generator) -> Float64Array:
    """Parallel waves of any direction, in [0, 1]."""
    rows, columns = np.mgrid[:height, :width]
    direction, period = rng.uniform(0, np.pi), rng.uniform(7, 16)
    across = rows * np.sin(direction) + columns * np.cos(direction)
    return 0.5 + 0.5 * np.sin(2 * np.pi * across / period)


def _checks(height: int, width: int, rng: Generator) -> Float64Array:
    """Two crossing waves, in [0, 1]."""
    return np.clip(_stripes(height, width, rng) + _stripes(height, width, rng) - 0.5, 0, 1)
