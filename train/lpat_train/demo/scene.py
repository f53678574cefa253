"""What a demo video shows: textured patches before a textured backdrop, and where they are when.

Textures, colours, shapes, sizes and places are drawn without regard to the labels, and every
patch that acts is in the picture all the time. Only motion tells one action from another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from lpat.types import Float64Array
from lpat_train.demo.plan import Plan
from lpat_train.demo.texture import Image, random_patch, random_texture
from lpat_train.demo.tracks import ANGLE, LOG_SCALE, OPACITY, X, Y, actors, bystanders, wander

BACKDROP_MARGIN = 0.35  # frame heights beyond the picture on every side
NOISE_LEVELS = 3.5


@dataclass(frozen=True, eq=False)
class Patch:
    """A textured shape and its pose in every frame.

    Attributes:
        texture: (S, S, 4) uint8, colour times alpha, and alpha.
        poses: (F, 5) centre x and y in pixels, angle, logarithm of the scale, opacity.
    """

    texture: Image
    poses: Float64Array


def paint_frames(plan: Plan) -> Iterator[Image]:
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
    tracks = bystanders(seconds, aspect, motion) + actors(plan, seconds, aspect, motion)
    patches = []
    for track in tracks:
        track[:, [X, Y]] = (track[:, [X, Y]] + shake) * recipe.height
        side = max(round(appearance.uniform(0.48, 0.66) * recipe.height), 8)
        patches.append(Patch(random_patch(side, appearance), track))
    yield from _compose(plan, backdrop, pan, patches, appearance)


def _compose(
    plan: Plan, backdrop: Image, pan: Float64Array, patches: list[Patch], rng: Generator
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
