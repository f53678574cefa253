"""What is measured of a tick's flow and picture, and how the ticks of a snippet become a vector.

Everything is a mean over pixels and over ticks, so cells add up to the field and phases to the
snippet; the normalisation comes last. Axes: F tick, H row, W column of the raster, K channel,
P phase, G cell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lpat.fields import (
    affine_field,
    camera_motion,
    cell_weights,
    gradients,
    oriented,
    pooled,
)
from lpat.types import Float32Array, Int64Array
from lpat.video.frame import UInt8Array

RASTER = (80, 60)
"""Width and height of the raster that flow and gradients are described on."""

DIRECTIONS = 8

APPEARANCE = DIRECTIONS // 2 + 3
"""Values per cell of `describe_appearance`."""

STILL = 0.3
"""Pixels per tick below which a pixel begins to count as still."""

FLOOR = 0.05
"""Mean pixels per tick that are added to the motion before histograms are divided by it.

Noise then makes a faint histogram, not a full one; 0.05 is what a still picture's flow has.
"""

DESCRIPTORS = (
    "hof",
    "hof_cells",
    "hof_cells_phases",
    "hof_centred",
    "hof_centred_phases",
    "boundaries",
    "boundaries_cells",
    "kinematics",
    "kinematics_cells",
    "net",
    "net_cells",
    "speed",
    "rest",
    "camera",
    "velocity",
    "focus_speed",
    "heading",
    "turning",
    "place",
    "drift",
    "appearance",
)
"""What a feature can be made of: the blocks of `snippet_blocks`, and `describe_appearance`."""

# Channels of `MotionStatistics.cells`.
HOF = slice(0, 8)  # motion in each direction
REST = 8  # share of pixels at rest
SPEED = 9
BOUNDARIES = slice(10, 26)  # gradients of the flow along x, then along y, in each direction
KINEMATICS = slice(26, 34)  # divergence, curl and both shears, each as positive and negative part
NET = slice(34, 36)  # mean flow along x and y
CHANNELS = 36


@dataclass(frozen=True, eq=False)
class MotionStatistics:
    """Statistics of F fields of flow with the camera's motion removed, in pixels per tick."""

    cells: Float32Array  # (F, G, CHANNELS)
    centred: Float32Array  # (F, 9, 8) directions in 3 x 3 cells around where the motion is
    camera: Float32Array  # (F, 6) coefficients of `camera_motion`
    focus: Float32Array  # (F, 7) of the moving thing: velocity 2, centre 2, extent 2, weight

    def __getitem__(self, index: slice) -> MotionStatistics:
        """Those of some of the fields."""
        return MotionStatistics(
            self.cells[index], self.centred[index], self.camera[index], self.focus[index]
        )

    @staticmethod
    def joined(parts: Sequence[MotionStatistics]) -> MotionStatistics:
        """The fields of all parts, in order."""
        return MotionStatistics(
            np.concatenate([part.cells for part in parts]),
            np.concatenate([part.centred for part in parts]),
            np.concatenate([part.camera for part in parts]),
            np.concatenate([part.focus for part in parts]),
        )


def describe_motion(
    flow: Float32Array, rows: int, columns: int, *, boundaries: bool = True
) -> MotionStatistics:
    """Statistics of flow (2, F, H, W) over a grid of cells; `boundaries`, the dearest, if asked.

    HOF and MBH are the histograms of Dalal, Triggs and Schmid (2006); divergence, curl and shear
    those of Jain, Jegou and Bouthemy (2013).
    """
    height, width = flow.shape[2:]
    camera = camera_motion(flow)
    x, y = flow - affine_field(camera, height, width)
    squared = x * x + y * y
    speed = np.sqrt(squared)
    x_right, x_down = gradients(x)
    y_right, y_down = gradients(y)
    channels = np.empty((CHANNELS, *x.shape), np.float32)
    oriented(x, y, speed, out=channels[HOF])
    np.maximum(1 - speed / STILL, 0, out=channels[REST])
    channels[SPEED] = speed
    bent_x, bent_y = channels[BOUNDARIES][:DIRECTIONS], channels[BOUNDARIES][DIRECTIONS:]
    if boundaries:
        oriented(x_right, x_down, np.sqrt(x_right**2 + x_down**2), out=bent_x)
        oriented(y_right, y_down, np.sqrt(y_right**2 + y_down**2), out=bent_y)
    else:
        channels[BOUNDARIES] = 0
    signed = (x_right + y_down, y_right - x_down, x_right - y_down, y_right + x_down)
    for positive, negative, value in zip(
        channels[KINEMATICS][::2], channels[KINEMATICS][1::2], signed, strict=True
    ):
        np.maximum(value, 0, out=positive)
        np.subtract(positive, value, out=negative)
    channels[NET.start], channels[NET.start + 1] = x, y
    cells = pooled(channels, cell_weights(height, rows), cell_weights(width, columns))
    focus, around_rows, around_columns = _focus(x, y, squared)
    centred = pooled(channels[HOF], around_rows, around_columns)
    fields = len(speed)
    return MotionStatistics(
        cells.reshape(fields, rows * columns, CHANNELS),
        centred.reshape(fields, 9, DIRECTIONS),
        camera.reshape(fields, 6),
        focus,
    )


def _focus(
    x: Float32Array, y: Float32Array, squared: Float32Array
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """`MotionStatistics.focus`, and weights (F, 3, H) and (F, 3, W) of the cells around it.

    Pixels count by the square of their speed, so a small fast thing outweighs a large slow one.
    Positions run from -1 to 1 over the longer side. The cells are as far apart as the motion is
    spread, and the outer ones reach to the border.
    """
    _, height, width = squared.shape
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(height / width)
    weight = squared.sum(axis=(1, 2)) + np.float32(1e-3)
    by_column = squared.sum(axis=1) / weight[:, None]
    by_row = squared.sum(axis=2) / weight[:, None]
    centre_x, centre_y = by_column @ across, by_row @ down
    extent_x = np.sqrt(np.maximum(by_column @ np.square(across) - np.square(centre_x), 0.01))
    extent_y = np.sqrt(np.maximum(by_row @ np.square(down) - np.square(centre_y), 0.01))
    spacing = np.sqrt(extent_x * extent_y)[:, None]
    velocity_x = (squared * x).sum(axis=(1, 2)) / weight
    velocity_y = (squared * y).sum(axis=(1, 2)) / weight
    focus = np.stack(
        [velocity_x, velocity_y, centre_x, centre_y, extent_x, extent_y, weight / (height * width)],
        axis=1,
    )
    places = np.arange(-1, 2, dtype=np.float32)[:, None]

    def around(positions: Float32Array, centre: Float32Array) -> Float32Array:
        relative = np.clip((positions - centre[:, None]) / spacing, -1, 1)
        return np.maximum(1 - np.abs(relative[:, None] - places), 0)

    return focus, around(down, centre_y), around(across, centre_x)


def describe_appearance(gray: UInt8Array, bgr: UInt8Array, rows: int, columns: int) -> Float32Array:
    """Gradient directions (G * 4) and mean Lab colour (G * 3) of a picture, over a grid of cells.

    A gradient and its opposite count alike, so that a dark thing before a light ground looks as a
    light one before a dark ground does.
    """
    image = gray.astype(np.float32)
    x, y = gradients(image)
    channels = np.empty((DIRECTIONS, 1, *image.shape), np.float32)
    oriented(x, y, np.hypot(x, y), out=channels[:, 0])
    half = DIRECTIONS // 2
    edges = pooled(
        np.add(channels[:half], channels[half:]),
        cell_weights(image.shape[0], rows),
        cell_weights(image.shape[1], columns),
    )
    lab = cv2.cvtColor(bgr.astype(np.float32) / 255, cv2.COLOR_BGR2Lab) / 100
    colour = pooled(
        np.ascontiguousarray(lab.transpose(2, 0, 1)[:, None], np.float32),
        cell_weights(lab.shape[0], rows),
        cell_weights(lab.shape[1], columns),
    )
    histogram = np.sqrt(edges / (edges.sum() + 1)).ravel()
    return np.concatenate([histogram, colour.ravel() * (rows * columns) / 2]).astype(np.float32)


def snippet_blocks(
    motion: MotionStatistics, phase: Int64Array, phases: int, names: Collection[str] = DESCRIPTORS
) -> dict[str, Float32Array]:
    """The descriptors of a snippet, from the ticks whose motion is known and their phases.

    Only those of `names`, and never `appearance`.

    Histograms are divided by the snippet's whole motion and square-rooted (Arandjelovic and
    Zisserman 2012), signed ones with their sign kept. So the vector tells how things move, and
    only `speed`, `focus_speed` and `rest` how much. A phase without a tick is zero.
    """
    member = (phase == np.arange(phases)[:, None]).astype(np.float32)  # (P, F)
    weights = member / np.maximum(member.sum(axis=1, keepdims=True), 1)
    cells = np.tensordot(weights, motion.cells, axes=1) / np.float32(phases)  # (P, G, K)
    field = cells.sum(axis=1)  # (P, K)
    total = motion.cells.mean(axis=0)  # (G, K)
    speed = total[:, SPEED].sum() + FLOOR
    bent = total[:, BOUNDARIES].sum() / 2 + FLOOR / 4
    strained = total[:, KINEMATICS].sum() / 2 + FLOOR / 4
    blocks: dict[str, Callable[[], Float32Array]] = {
        "hof": lambda: np.sqrt(field[:, HOF] / speed),
        "hof_cells": lambda: np.sqrt(total[:, HOF] / speed),
        "hof_cells_phases": lambda: np.sqrt(cells[..., HOF] / speed),
        "hof_centred": lambda: np.sqrt(motion.centred.mean(axis=0) / speed),
        "hof_centred_phases": lambda: np.sqrt(
            np.tensordot(weights, motion.centred, axes=1) / np.float32(phases) / speed
        ),
        "boundaries": lambda: np.sqrt(field[:, BOUNDARIES] / bent),
        "boundaries_cells": lambda: np.sqrt(total[:, BOUNDARIES] / bent),
        "kinematics": lambda: np.sqrt(field[:, KINEMATICS] / strained),
        "kinematics_cells": lambda: np.sqrt(total[:, KINEMATICS] / strained),
        "net": lambda: _signed_root(field[:, NET] / speed),
        "net_cells": lambda: _signed_root(cells[..., NET] / speed),
        "speed": lambda: np.log1p(_with_phases(total[:, SPEED], field[:, SPEED]) / STILL),
        "rest": lambda: np.sqrt(_with_phases(total[:, REST], field[:, REST])),
        "camera": lambda: _signed_root(weights @ motion.camera),
        **_focus_blocks(weights @ motion.focus, motion.focus[:, :2]),
    }
    return {
        name: block().astype(np.float32).ravel() for name, block in blocks.items() if name in names
    }


def _focus_blocks(
    focus: Float32Array, velocities: Float32Array
) -> dict[str, Callable[[], Float32Array]]:
    """Descriptors of how the moving thing goes, from its mean (P, 7) in each phase.

    `heading` is the histogram of its velocities (F, 2) at each tick.

    `turning` holds for each pair of phases how far their velocities agree (dot product) and which
    way the later one turned (cross product): straight, to and fro, round.
    """
    velocity, centre, extent = focus[:, 0:2], focus[:, 2:4], focus[:, 4:6]
    relative = velocity / (2 * np.abs(velocity).mean() + 4 * FLOOR)

    def turning() -> Float32Array:
        early, late = np.triu_indices(len(focus), k=1)
        before, after = relative[early], relative[late]
        dot = (before * after).sum(axis=1)
        cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
        return _signed_root(np.stack([dot, cross]))

    def heading() -> Float32Array:
        length = np.hypot(*velocities.T)
        headings = np.empty((2 * DIRECTIONS, len(length)), np.float32)
        oriented(velocities[:, 0], velocities[:, 1], length, out=headings)
        return np.sqrt(headings.mean(axis=1) / (length.mean() + 4 * FLOOR))

    return {
        "heading": heading,
        "velocity": lambda: _signed_root(np.vstack([relative, relative.mean(axis=0)])),
        "focus_speed": lambda: np.log1p(np.hypot(*velocity.T)),
        "turning": turning,
        "place": lambda: np.concatenate([centre, extent]),
        "drift": lambda: np.diff(centre, axis=0, append=centre[:1]),
    }


def _with_phases(cells: Float32Array, phases: Float32Array) -> Float32Array:
    """Means over each cell and each phase, from their shares (G,) and (P,) of the mean."""
    return np.concatenate([cells * len(cells), phases * len(phases)])


def _signed_root(values: Float32Array) -> Float32Array:
    return np.sign(values) * np.sqrt(np.abs(values))
