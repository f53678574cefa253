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

from lpat.types import Float32Array, Int64Array
from lpat.video.frame import UInt8Array


def camera_motion(flow: Float32Array, *, steps: int = 5, spacing: int = 4) -> Float32Array:
    """Coefficients (F, 2, 3) of the affine motion that most of each field follows.

    Row 0 gives x and row 1 y; the columns are the motion at the centre, and its change from the
    centre to the right and to the lower border. Fitted by iteratively reweighted least squares
    with Cauchy weights, begun at the median, on every `spacing`-th row and column. The scale of
    the weights is the median residual, so that objects on less than half of the field are ignored.
    """
    sample = flow[:, :, spacing // 2 :: spacing, spacing // 2 :: spacing]
    _, fields, rows, columns = sample.shape
    x = np.tile(np.linspace(-1, 1, columns, dtype=np.float32), rows)
    y = np.repeat(np.linspace(-1, 1, rows, dtype=np.float32), columns)
    basis = np.stack([np.ones_like(x), x, y])  # (3, M)
    products = (basis[:, None] * basis[None]).reshape(9, -1).T  # (M, 9)
    target = sample.reshape(2, fields, -1)  # (2, F, M)
    # A little ridge keeps the slopes at zero where the texture doesn't tell them.
    ridge = np.diag(np.array([1e-6, 0.02, 0.02], np.float32))
    coefficients = np.zeros((2, fields, 3), np.float32)
    coefficients[:, :, 0] = np.median(target, axis=2)
    for _ in range(steps):
        residual = target - coefficients @ basis
        squared = np.square(residual).sum(axis=0)  # (F, M)
        scale = np.maximum(2 * np.median(squared, axis=1, keepdims=True), 0.01)
        weight = 1 / (1 + squared / scale)
        weight /= weight.sum(axis=1, keepdims=True)
        normal = (weight @ products).reshape(fields, 3, 3) + ridge
        right = np.matmul(weight * target, basis.T)  # (2, F, 3)
        coefficients = np.linalg.solve(normal, right[..., None])[..., 0]
    return np.ascontiguousarray(coefficients.transpose(1, 0, 2))


def affine_field(coefficients: Float32Array, rows: int, columns: int) -> Float32Array:
    """Flow (2, F, H, W) that `camera_motion` coefficients (F, 2, 3) describe."""
    x = np.linspace(-1, 1, columns, dtype=np.float32)
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    centre, right, down = coefficients.transpose(2, 1, 0)[..., None, None]
    return centre + right * x + down * y


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


@dataclass(frozen=True, eq=False)
class MotionStatistics:
    """Statistics of F fields of flow with the camera's motion removed, in pixels per tick."""

    cells: Float32Array  # (F, G, CHANNELS)
    centred: Float32Array  # (F, 9, 8) directions in 3 x 3 cells around where the motion is
    camera: Float32Array  # (F, 6) coefficients of `camera_motion`
    focus: Float32Array  # (F, 7) of the moving thing: velocity 2, centre 2, extent 2, weight

    def __getitem__(self, index: slice) -> MotionStatistics:
        """Statistics of some of the fields."""
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
