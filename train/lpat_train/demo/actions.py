"""The actions of the demo: each is a way to move, whatever it is that moves.

An action takes the seconds (F,) since its start, its length and a random generator, and returns
offsets (F, 4) from the rest pose: x and y in frame heights, angle in radians, logarithm of the
scale. All offsets but the angle begin and end at zero, so the picture never jumps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from lpat.types import Float64Array

Action = Callable[[Float64Array, float, Generator], Float64Array]

RAMP_SECONDS = 0.2


def spin(seconds: Float64Array, length: float, rng: Generator) -> Float64Array:
    """Offsets of turning about the own centre, clockwise or against."""
    speed = rng.choice((-1.0, 1.0)) * rng.uniform(3.2, 5.2)
    ramp = np.clip(np.minimum(seconds, length - seconds) / RAMP_SECONDS, 0, 1)
    return _offsets(seconds, angle=np.cumsum(ramp * np.gradient(seconds)) * speed)


def pulse(seconds: Float64Array, length: float, rng: Generator) -> Float64Array:
    """Offsets of growing and shrinking in turn."""
    depth, rate = rng.uniform(0.28, 0.42), rng.uniform(1.0, 1.6)
    return _offsets(seconds, log_scale=depth * _wave(seconds, length, rate, rng))


def swing(seconds: Float64Array, length: float, rng: Generator) -> Float64Array:
    """Offsets of going from side to side."""
    reach, rate = rng.uniform(0.10, 0.17), rng.uniform(0.9, 1.5)
    return _offsets(seconds, x=reach * _wave(seconds, length, rate, rng))


def hop(seconds: Float64Array, length: float, rng: Generator) -> Float64Array:
    """Offsets of jumping straight up and landing, again and again."""
    height, jumps = rng.uniform(0.2, 0.3), max(round(length * rng.uniform(1.2, 1.8)), 1)
    phase = np.clip(seconds / length, 0, 1) * jumps % 1
    return _offsets(seconds, y=-4 * height * phase * (1 - phase))


def orbit(seconds: Float64Array, length: float, rng: Generator) -> Float64Array:
    """Offsets of moving round a circle without turning, either way."""
    radius, rate = rng.uniform(0.12, 0.18), rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 1.2)
    phase = 2 * np.pi * (rate * seconds + rng.uniform())
    reach = radius * _envelope(seconds, length)
    return _offsets(seconds, x=reach * np.cos(phase), y=reach * np.sin(phase))


ACTIONS: dict[str, Action] = {
    action.__name__: action for action in (spin, pulse, swing, hop, orbit)
}


def _envelope(seconds: Float64Array, length: float) -> Float64Array:
    """1 inside the action, falling smoothly to 0 at its start and end."""
    ramp = np.clip(np.minimum(seconds, length - seconds) / RAMP_SECONDS, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _wave(seconds: Float64Array, length: float, rate: float, rng: Generator) -> Float64Array:
    """A sine of `rate` hertz that starts with either sign and is still at both ends."""
    sign = rng.choice((-1.0, 1.0))
    return sign * _envelope(seconds, length) * np.sin(2 * np.pi * rate * seconds)


def _offsets(
    seconds: Float64Array,
    *,
    x: Float64Array | float = 0.0,
    y: Float64Array | float = 0.0,
    angle: Float64Array | float = 0.0,
    log_scale: Float64Array | float = 0.0,
) -> Float64Array:
    """The given columns, and zeros for the others (F, 4)."""
    offsets = np.zeros((len(seconds), 4))
    for column, values in enumerate((x, y, angle, log_scale)):
        offsets[:, column] = values
    return offsets
