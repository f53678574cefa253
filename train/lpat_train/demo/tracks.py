"""Where each patch of a demo video is in every frame."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from lpat.types import Float64Array
from lpat_train.demo.actions import ACTIONS
from lpat_train.demo.plan import Plan

X, Y, ANGLE, LOG_SCALE, OPACITY = range(5)
"""Columns of poses (F, 5); places in frame heights from the picture's upper left corner."""


def actors(plan: Plan, seconds: Float64Array, aspect: float, rng: Generator) -> list[Float64Array]:
    """Poses (F, 5) of the one or two patches that act; in between they rest, drift or glide."""
    count = 1 + int(rng.random() < 0.3)
    tracks = [_still(seconds) for _ in range(count)]
    homes = np.array([aspect / 2, 0.5]) + rng.uniform(-0.1, 0.1, (count, 2))
    homes[:, 0] += (np.arange(count) - (count - 1) / 2) * 0.4
    cast = rng.integers(0, count, len(plan.instances))
    for track, home in zip(tracks, homes, strict=True):
        track[:, [X, Y]] = home + wander(seconds, rng, slowest=0.03, fastest=0.15, reach=0.05)
    free = _gaps(plan)
    for track in tracks:
        for start, end in free:
            if end - start > 2 and rng.random() < 0.5:
                track[:, [X, Y]] += _excursion(seconds, start, end, rng)
    # Last, so that no other draw depends on the labels.
    for who, instance in zip(cast, plan.instances, strict=True):
        length = instance.end - instance.start
        inside = np.clip(seconds - instance.start, 0, length)
        tracks[who][:, :OPACITY] += ACTIONS[instance.label](inside, length, rng)
    return tracks


def _gaps(plan: Plan) -> list[tuple[float, float]]:
    """Stretches of time without an action."""
    starts = [0.0, *(instance.end for instance in plan.instances)]
    ends = [*(instance.start for instance in plan.instances), plan.duration]
    return list(zip(starts, ends, strict=True))


def _excursion(seconds: Float64Array, start: float, end: float, rng: Generator) -> Float64Array:
    """Offsets (F, 2) of gliding away in a straight line and later back, within [start, end]."""
    direction = rng.uniform(0, 2 * np.pi)
    reach = rng.uniform(0.08, 0.22) * np.array([np.cos(direction), np.sin(direction)])
    lapse = min((end - start) / 2, rng.uniform(0.8, 1.6))
    away = np.clip((seconds - start) / lapse, 0, 1) - np.clip((seconds - end) / lapse + 1, 0, 1)
    return (away * away * (3 - 2 * away))[:, None] * reach


def bystanders(seconds: Float64Array, aspect: float, rng: Generator) -> list[Float64Array]:
    """Poses (F, 5) of the patches that never act: they drift, tremble, fade or flicker."""
    manners = [_drift, _tremble, _fade, _flicker]
    chosen = rng.choice(len(manners), size=int(rng.integers(2, 5)))
    return [manners[which](seconds, aspect, rng) for which in chosen]


def _drift(seconds: Float64Array, aspect: float, rng: Generator) -> Float64Array:
    """Straight on at a constant speed, turning back at the picture's border."""
    poses = _still(seconds)
    direction, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.03, 0.15)
    for axis, extent, part in ((X, aspect, np.cos(direction)), (Y, 1.0, np.sin(direction))):
        way = rng.uniform(0, 2 * extent) + speed * part * seconds
        poses[:, axis] = np.abs((way + extent) % (2 * extent) - extent)
    return poses


def _tremble(seconds: Float64Array, aspect: float, rng: Generator) -> Float64Array:
    """Quick small movements about one place, in bursts."""
    poses = _still(seconds)
    burst = np.clip(np.sin(2 * np.pi * (rng.uniform(0.1, 0.25) * seconds + rng.uniform())), 0, 1)
    poses[:, [X, Y]] = _somewhere(aspect, rng) + burst[:, None] * wander(
        seconds, rng, slowest=2.0, fastest=4.0, reach=0.015
    )
    return poses


def _fade(seconds: Float64Array, aspect: float, rng: Generator) -> Float64Array:
    """Appearing and vanishing slowly, drifting a little."""
    poses = _still(seconds)
    poses[:, [X, Y]] = _somewhere(aspect, rng) + wander(
        seconds, rng, slowest=0.03, fastest=0.2, reach=0.08
    )
    phase = 2 * np.pi * (rng.uniform(0.08, 0.3) * seconds + rng.uniform())
    poses[:, OPACITY] = 0.5 + 0.5 * np.sin(phase)
    return poses


def _flicker(seconds: Float64Array, aspect: float, rng: Generator) -> Float64Array:
    """At rest, its opacity jumping several times a second."""
    poses = _still(seconds)
    poses[:, [X, Y]] = _somewhere(aspect, rng)
    steps = (seconds * rng.uniform(3, 7)).astype(int)
    poses[:, OPACITY] = rng.uniform(0.55, 1.0, steps[-1] + 1)[steps]
    return poses


def _still(seconds: Float64Array) -> Float64Array:
    """Poses at the origin, upright, full size, opaque."""
    poses = np.zeros((len(seconds), 5))
    poses[:, OPACITY] = 1
    return poses


def _somewhere(aspect: float, rng: Generator) -> Float64Array:
    """A place in the picture, in frame heights."""
    return rng.uniform((0.05, 0.05), (aspect - 0.05, 0.95))


def wander(
    seconds: Float64Array, rng: Generator, *, slowest: float, fastest: float, reach: float
) -> Float64Array:
    """Smooth random offsets (F, 2) within `reach`: three sines per axis, rates in hertz."""
    rates, phases = rng.uniform(slowest, fastest, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
    return reach * np.sin(2 * np.pi * rates * seconds[:, None, None] + phases).mean(axis=1)
