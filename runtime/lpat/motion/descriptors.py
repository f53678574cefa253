"""What is measured of a tick's flow and picture, and how the ticks of a snippet become a vector.

Everything is a mean over pixels and over ticks, so cells add up to the field and phases to the
snippet; the normalisation comes last. Axes: F tick, H row, W column of the raster, K channel,
P phase, G cell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from lpat import core
from lpat.types import Float32Array, Int64Array
from lpat.video.frame import UInt8Array


def oriented(x: Float32Array, y: Float32Array, length: Float32Array, *, out: Float32Array) -> None:
    """Fill the channels `out` (K, ...) with how much each vector points in each of K directions.

    Direction 0 is along +x, and the angle grows towards +y. A channel holds the whole length of
    the vectors in its direction, falling to none at the next direction: the projection, less what
    the projection would be one direction away, which needs no angle to be computed.
    """
    step = 2 * np.pi / len(out)
    gain = 1 / (1 - np.cos(step))
    reduced = length * np.float32(gain * np.cos(step))
    along_y = np.empty_like(y)
    for k in range(len(out)):
        np.multiply(x, np.float32(gain * np.cos(k * step)), out=out[k])
        np.multiply(y, np.float32(gain * np.sin(k * step)), out=along_y)
        out[k] += along_y
        out[k] -= reduced
    np.maximum(out, 0, out=out)


def gradients(image: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Central differences (..., H, W) along x and along y; one-sided at the borders."""
    along_x, along_y = np.empty_like(image), np.empty_like(image)
    along_x[..., 1:-1] = (image[..., 2:] - image[..., :-2]) / 2
    along_x[..., 0] = image[..., 1] - image[..., 0]
    along_x[..., -1] = image[..., -1] - image[..., -2]
    along_y[..., 1:-1, :] = (image[..., 2:, :] - image[..., :-2, :]) / 2
    along_y[..., 0, :] = image[..., 1, :] - image[..., 0, :]
    along_y[..., -1, :] = image[..., -1, :] - image[..., -2, :]
    return along_x, along_y


def cell_weights(length: int, cells: int) -> Float32Array:
    """Weights (cells, length) by which positions belong to cells; they sum to one per position.

    A position between two cell centres is shared linearly, as in SIFT, so that a thing which
    moves by a little changes the histograms by a little.
    """
    position = (np.arange(length) + 0.5) / length * cells - 0.5
    distance = np.abs(np.clip(position, 0, cells - 1) - np.arange(cells)[:, None])
    return np.maximum(1 - distance, 0).astype(np.float32)


def pooled(channels: Float32Array, rows: Float32Array, columns: Float32Array) -> Float32Array:
    """Means (F, R, C, K) of channels (K, F, H, W) under weights (R, H) and (C, W).

    The weights may also differ per field: (F, R, H) and (F, C, W). The mean is over the whole
    field, so that cells add up to the mean of the field.
    """
    height, width = channels.shape[2:]
    along_x = np.matmul(channels, np.swapaxes(columns, -1, -2))  # (K, F, H, C)
    both = np.matmul(rows, along_x)  # (K, F, R, C)
    return np.ascontiguousarray(both.transpose(1, 2, 3, 0), np.float32) / np.float32(height * width)


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

_OF_FIELD = 9 * DIRECTIONS + 6 + 7
"""Values of a field that aren't of cells."""


@dataclass(frozen=True, eq=False)
class MotionStatistics:
    """Statistics of F fields of flow with the camera's motion removed, in pixels per tick.

    `values` (F, S) has all of a field side by side, so that ticks are joined and averaged at once.
    """

    values: Float32Array

    @property
    def cells(self) -> Float32Array:
        """Channels (F, G, CHANNELS) of each cell of the grid."""
        return self.values[:, :-_OF_FIELD].reshape(len(self.values), -1, CHANNELS)

    @property
    def centred(self) -> Float32Array:
        """Directions (F, 9, 8) in 3 x 3 cells around where the motion is."""
        return self.values[:, -_OF_FIELD:-13].reshape(-1, 9, DIRECTIONS)

    @property
    def camera(self) -> Float32Array:
        """Coefficients (F, 6) of `lpat.core.camera_motion`."""
        return self.values[:, -13:-7]

    @property
    def focus(self) -> Float32Array:
        """Of the moving thing (F, 7): velocity 2, centre 2, extent 2, weight.

        Pixels count by the square of their speed, so a small fast thing outweighs a large slow
        one. Positions run from -1 to 1 over the longer side.
        """
        return self.values[:, -7:]

    def __getitem__(self, index: slice) -> MotionStatistics:
        """Statistics of some of the fields."""
        return MotionStatistics(self.values[index])


def describe_motion(
    fields: Float32Array, rows: int, columns: int, names: Collection[str] = DESCRIPTORS
) -> MotionStatistics:
    """Statistics of flow (F, 2, H, W) over a grid of cells, as far as the named descriptors ask.

    HOF and MBH are the histograms of Dalal, Triggs and Schmid (2006); divergence, curl and shear
    those of Jain, Jegou and Bouthemy (2013).
    """

    def asked(part: str) -> bool:
        return any(name.startswith(part) for name in names)

    parts = core.describe_motion(
        fields,
        rows,
        columns,
        still=STILL,
        boundaries=asked("boundaries"),
        kinematics=asked("kinematics"),
        centred=asked("hof_centred"),
    )
    count = len(fields)
    return MotionStatistics(np.concatenate([part.reshape(count, -1) for part in parts], axis=1))


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
    means = MotionStatistics(weights @ motion.values)  # of each phase
    cells = means.cells / np.float32(phases)  # (P, G, K)
    field = cells.sum(axis=1)  # (P, K)
    whole = MotionStatistics(motion.values.mean(axis=0, keepdims=True))
    total = whole.cells[0]  # (G, K)
    speed = total[:, SPEED].sum() + FLOOR
    bent = total[:, BOUNDARIES].sum() / 2 + FLOOR / 4
    strained = total[:, KINEMATICS].sum() / 2 + FLOOR / 4
    blocks: dict[str, Callable[[], Float32Array]] = {
        "hof": lambda: np.sqrt(field[:, HOF] / speed),
        "hof_cells": lambda: np.sqrt(total[:, HOF] / speed),
        "hof_cells_phases": lambda: np.sqrt(cells[..., HOF] / speed),
        "hof_centred": lambda: np.sqrt(whole.centred / speed),
        "hof_centred_phases": lambda: np.sqrt(means.centred / np.float32(phases) / speed),
        "boundaries": lambda: np.sqrt(field[:, BOUNDARIES] / bent),
        "boundaries_cells": lambda: np.sqrt(total[:, BOUNDARIES] / bent),
        "kinematics": lambda: np.sqrt(field[:, KINEMATICS] / strained),
        "kinematics_cells": lambda: np.sqrt(total[:, KINEMATICS] / strained),
        "net": lambda: _signed_root(field[:, NET] / speed),
        "net_cells": lambda: _signed_root(cells[..., NET] / speed),
        "speed": lambda: np.log1p(_with_phases(total[:, SPEED], field[:, SPEED]) / STILL),
        "rest": lambda: np.sqrt(_with_phases(total[:, REST], field[:, REST])),
        "camera": lambda: _signed_root(means.camera),
        **_focus_blocks(means.focus, motion.focus[:, :2]),
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
        early, late = _pairs(len(focus))
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


@cache
def _pairs(count: int) -> tuple[Int64Array, Int64Array]:
    """The numbers of the earlier and of the later one of each pair."""
    return np.triu_indices(count, k=1)


def _with_phases(cells: Float32Array, phases: Float32Array) -> Float32Array:
    """Means over each cell and each phase, from their shares (G,) and (P,) of the mean."""
    return np.concatenate([cells * len(cells), phases * len(phases)])


def _signed_root(values: Float32Array) -> Float32Array:
    return np.sign(values) * np.sqrt(np.abs(values))
