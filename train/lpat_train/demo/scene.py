"""What a demo video shows: textured patches before a textured backdrop, and where they are when.

Textures, colours, shapes, sizes and places are drawn without regard to the labels, and every
patch that acts is in the picture all the time. Only motion tells one action from another. In videos
of the kind `appearance` it is the other way round: things come and go, all in the same manner, and
only what they are tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lpat.types import Float64Array
from lpat_train.demo.actions import ACTIONS
from lpat_train.demo.plan import LONGEST_ACTION, SHORTEST_ACTION, VideoPlan
from lpat_train.demo.things import DECOYS, THINGS, Outline, draw_thing, presence

BACKDROP_MARGIN = 0.35  # frame heights beyond the picture on every side
NOISE_LEVELS = 3.5
THING_SIZE = 0.6  # of the picture's height
SHORTEST_DECOY = 1.0
"""Seconds that a gap must have room for, so that a thing without a label comes in it."""


@dataclass(frozen=True, eq=False)
class Patch:
    """A textured shape and its pose in every frame.

    Attributes:
        texture: (S, S, 4) uint8, colour times alpha, and alpha.
        poses: (F, 5) centre x and y in pixels, angle, logarithm of the scale, opacity.
    """

    texture: Image
    poses: Float64Array


def paint_frames(plan: VideoPlan) -> Iterator[Image]:
    """The pictures (H, W, 3) of a video, RGB, one by one."""
    recipe = plan.recipe
    appearance, motion = plan.generator("appearance"), plan.generator("motion")
    seconds = np.arange(plan.frames) / recipe.fps
    aspect = recipe.width / recipe.height
    shake = wander(seconds, motion, slowest=0.4, fastest=2.5, reach=0.008)
    backdrop = random_texture(
        recipe.height + round(2 * BACKDROP_MARGIN * recipe.height),
        recipe.width + round(2 * BACKDROP_MARGIN * recipe.height),
        appearance,
    )
    pan = shake + wander(seconds, motion, slowest=0.02, fastest=0.12, reach=0.25)
    pan = np.clip(pan + BACKDROP_MARGIN, 0, 2 * BACKDROP_MARGIN) * recipe.height
    tracks = bystanders(seconds, aspect, motion)
    if recipe.kind == "motion":
        tracks += actors(plan, seconds, aspect, motion)
    patches = []
    for track in tracks:
        track[:, [X, Y]] = (track[:, [X, Y]] + shake) * recipe.height
        side = max(round(appearance.uniform(0.48, 0.66) * recipe.height), 8)
        patches.append(Patch(random_patch(side, appearance), track))
    if recipe.kind == "appearance":
        for thing, track in visitors(plan, seconds, aspect):
            track[:, [X, Y]] = (track[:, [X, Y]] + shake) * recipe.height
            side = max(round(THING_SIZE * recipe.height), 8)
            patches.append(Patch(draw_thing(thing, side, appearance), track))
    yield from _compose(plan, backdrop, pan, patches, appearance)


def _compose(
    plan: VideoPlan, backdrop: Image, pan: Float64Array, patches: list[Patch], rng: Generator
) -> Iterator[Image]:
    """Each frame: the moved backdrop, the patches over it in order, noise."""
    width, height = plan.recipe.width, plan.recipe.height
    spare = 32
    noise = rng.normal(0, NOISE_LEVELS, (height + spare, width + spare, 3)).astype(np.int16)
    corners = rng.integers(0, spare, (plan.frames, 2))
    for index, ((left, top), (down, right)) in enumerate(zip(pan, corners, strict=True)):
        window = np.array([[1, 0, -left], [0, 1, -top]])
        frame: Image = cv2.warpAffine(backdrop, window, (width, height))
        for patch in patches:
            _blend(frame, patch.texture, patch.poses[index])
        grain = noise[down : down + height, right : right + width]
        yield cv2.add(frame, grain, dtype=cv2.CV_8U)


def _blend(frame: Image, texture: Image, pose: Float64Array) -> None:
    """Lay `texture` over `frame` in place; only the part of the frame under it is touched."""
    height, width = frame.shape[:2]
    side = len(texture)
    scale = np.exp(pose[LOG_SCALE])
    cosine, sine = scale * np.cos(pose[ANGLE]), scale * np.sin(pose[ANGLE])
    # The shape lies inside the texture's inner circle, so no rotation leaves this square.
    reach = side / 2 * scale + 1
    left, top = max(int(pose[X] - reach), 0), max(int(pose[Y] - reach), 0)
    right, bottom = min(int(pose[X] + reach) + 1, width), min(int(pose[Y] + reach) + 1, height)
    if left >= right or top >= bottom:
        return
    centre = (side - 1) / 2
    matrix = np.array(
        [
            [cosine, -sine, pose[X] - left - centre * (cosine - sine)],
            [sine, cosine, pose[Y] - top - centre * (sine + cosine)],
        ]
    )
    moved = cv2.warpAffine(texture, matrix, (right - left, bottom - top))
    if pose[OPACITY] < 1:
        moved = cv2.convertScaleAbs(moved, alpha=float(pose[OPACITY]))
    veil = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(moved, 3)), cv2.COLOR_GRAY2RGB)
    colour = cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB)
    region = frame[top:bottom, left:right]
    frame[top:bottom, left:right] = cv2.add(cv2.multiply(region, veil, scale=1 / 255), colour)


X, Y, ANGLE, LOG_SCALE, OPACITY = range(5)
"""Columns of poses (F, 5); places in frame heights from the picture's upper left corner."""


def actors(
    plan: VideoPlan, seconds: Float64Array, aspect: float, rng: Generator
) -> list[Float64Array]:
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


def visitors(
    plan: VideoPlan, seconds: Float64Array, aspect: float
) -> list[tuple[Outline, Float64Array]]:
    """Things and their poses (F, 5): those that labels name, and between them others.

    Each has random numbers of its own, so that a label changes nothing but what comes.
    """
    stays = [(its.start, its.end, its.label) for its in plan.instances]
    for start, end in _gaps(plan):
        if end - start > SHORTEST_DECOY + 0.6:
            stays.append((start + 0.3, end - 0.3, ""))
    found = []
    for number, (start, end, label) in enumerate(sorted(stays)):
        rng = plan.generator(f"visitor {number}")
        decoy = DECOYS[int(rng.integers(len(DECOYS)))]
        first, last = (start, end) if label else _within(start, end, rng)
        track = _still(seconds)
        home = np.array([aspect / 2, 0.5]) + rng.uniform(-0.15, 0.15, 2)
        track[:, [X, Y]] = home + wander(seconds, rng, slowest=0.2, fastest=0.8, reach=0.08)
        track[:, ANGLE] = 0.3 * np.sin(2 * np.pi * (0.5 * seconds + rng.uniform()))
        track[:, OPACITY] = presence(seconds, first, last)
        found.append((THINGS[label] if label else decoy, track))
    return found


def _within(start: float, end: float, rng: Generator) -> tuple[float, float]:
    """A part of a stretch of time that is as long as actions are, or all of it."""
    length = min(rng.uniform(SHORTEST_ACTION, LONGEST_ACTION), end - start)
    first = start + rng.uniform(0, end - start - length)
    return first, first + length


def _gaps(plan: VideoPlan) -> list[tuple[float, float]]:
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
