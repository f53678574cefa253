"""What is measured of flow, in NumPy: a channel array for each quantity, then means over cells.

Axes: F field, H row, W column, K channel.
"""

from __future__ import annotations

import numpy as np

from lpat.motion.descriptors import (
    BOUNDARIES,
    CHANNELS,
    DIRECTIONS,
    HOF,
    KINEMATICS,
    NET,
    REST,
    SPEED,
    STILL,
    cell_weights,
    gradients,
    oriented,
    pooled,
)
from lpat.types import Float32Array


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


def describe_motion(
    flow: Float32Array, rows: int, columns: int
) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """What `lpat.core.describe_motion` gives for flow (2, F, H, W)."""
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
    oriented(x_right, x_down, np.sqrt(x_right**2 + x_down**2), out=bent_x)
    oriented(y_right, y_down, np.sqrt(y_right**2 + y_down**2), out=bent_y)
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
    return (
        cells.reshape(fields, rows * columns, CHANNELS),
        centred.reshape(fields, 9, DIRECTIONS),
        camera.reshape(fields, 6),
        focus,
    )


def _focus(
    x: Float32Array, y: Float32Array, squared: Float32Array
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """The moving thing (F, 7), and weights (F, 3, H) and (F, 3, W) of the cells around it.

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
