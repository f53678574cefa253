"""The things of the demo's other kind: each is a shape, whatever its colours, and moves as all do.

A thing comes into the picture, moves about a little and goes; which it is, only its look tells.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lpat.types import Float64Array

Outline = Callable[[], Float64Array]

SHIFT = 4  # bits of a pixel's fraction, as OpenCV takes them
FADE_SECONDS = 0.2


def star() -> Float64Array:
    """A star of five points."""
    return _spikes(5, 0.42)


def cross() -> Float64Array:
    """A cross of four equal arms."""
    arm = np.array([[-0.28, -0.95], [0.28, -0.95], [0.28, -0.28]])
    return np.concatenate([_turned(arm, quarter * np.pi / 2) for quarter in range(4)])


def arrow() -> Float64Array:
    """An arrow that points up."""
    right = np.array([[0.0, -0.95], [0.8, -0.1], [0.28, -0.1], [0.28, 0.9]])
    return np.concatenate([right, right[:0:-1] * (-1, 1)])


def heart() -> Float64Array:
    """A heart."""
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    x = np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack((0.9 * x, -0.9 * y / 16), axis=1)


def crescent() -> Float64Array:
    """The moon in its first quarter."""
    outer = np.linspace(0.25 * np.pi, 1.75 * np.pi, 40)
    inner = outer[::-1]
    far = 0.9 * np.stack((np.cos(outer), np.sin(outer)), axis=1)
    near = np.stack((0.42 + 0.62 * np.cos(inner), 0.7 * np.sin(inner)), axis=1)
    return np.concatenate([far, near])


def _disc() -> Float64Array:
    return _ring_of(60)


def _square() -> Float64Array:
    return _ring_of(4)


def _triangle() -> Float64Array:
    return _ring_of(3)


THINGS: dict[str, Outline] = {
    thing.__name__: thing for thing in (star, cross, arrow, heart, crescent)
}
"""What labels name: outlines (N, 2) in [-1, 1], y downwards."""

DECOYS: tuple[Outline, ...] = (_disc, _square, _triangle)
"""What comes and goes without a label."""


def draw_thing(outline: Outline, side: int, rng: Generator) -> NDArray[np.uint8]:
    """A picture (side, side, 4) of a thing in two random colours, multiplied by its alpha."""
    scale = (side / 2 - 2) * 2**SHIFT
    corners = np.rint((outline() + 1) * scale + 2 * 2**SHIFT).astype(np.int32)[None]
    alpha = np.zeros((side, side), np.uint8)
    cv2.fillPoly(alpha, list(corners), 255, cv2.LINE_AA, SHIFT)
    fill, edge = rng.uniform(130, 255, 3), rng.uniform(0, 110, 3)
    if rng.random() < 0.5:
        fill, edge = edge, fill
    colour = np.full((side, side, 3), fill)
    cv2.polylines(
        colour, list(corners), True, edge.tolist(), max(side // 16, 1), cv2.LINE_AA, SHIFT
    )
    shown = colour * (alpha[:, :, None] / 255)
    return np.rint(np.dstack((shown, alpha))).astype(np.uint8)


def presence(seconds: Float64Array, start: float, end: float) -> Float64Array:
    """Opacity (F,) of a thing that is there from `start` to `end`."""
    return np.clip(np.minimum(seconds - start, end - seconds) / FADE_SECONDS + 0.5, 0, 1)


def _spikes(count: int, inner: float) -> Float64Array:
    bearing = np.arange(2 * count) * np.pi / count - np.pi / 2
    reach = np.where(np.arange(2 * count) % 2, inner, 0.98)
    return reach[:, None] * np.stack((np.cos(bearing), np.sin(bearing)), axis=1)


def _ring_of(count: int) -> Float64Array:
    bearing = (np.arange(count) + 0.5) * 2 * np.pi / count + np.pi / 2
    return 0.95 * np.stack((np.cos(bearing), np.sin(bearing)), axis=1)


def _turned(points: Float64Array, angle: float) -> Float64Array:
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])
