"""Arithmetic on batches of flow fields: camera motion, oriented channels, pooling over cells.

All fields of a batch share one small raster, so that a batch is a handful of NumPy calls. Axes:
F field (a tick), H row, W column, K channel. A flow is (2, F, H, W): the displacement along x,
then along y.
"""

from __future__ import annotations

import numpy as np

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
