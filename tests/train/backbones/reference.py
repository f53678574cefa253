"""I3D's features by plain sums over windows in float64, from Fig. 3 of the paper alone."""

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

State = Mapping[str, np.ndarray]
BLOCKS = ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c")


def features(state: State, clips: np.ndarray) -> np.ndarray:
    """Features (N, D) of clips (N, C, T, H, W)."""
    values = unit(state, "Conv3d_1a_7x7", clips.astype(np.float64), stride=2)
    values = maxima(values, (1, 3, 3), (1, 2, 2))
    values = unit(state, "Conv3d_2b_1x1", values)
    values = unit(state, "Conv3d_2c_3x3", values)
    values = maxima(values, (1, 3, 3), (1, 2, 2))
    for block in BLOCKS:
        if block == "4b":
            values = maxima(values, (3, 3, 3), (2, 2, 2))
        if block == "5b":
            values = maxima(values, (2, 2, 2), (2, 2, 2))
        name = f"Mixed_{block}"
        values = np.concatenate(
            [
                unit(state, f"{name}.b0", values),
                unit(state, f"{name}.b1b", unit(state, f"{name}.b1a", values)),
                unit(state, f"{name}.b2b", unit(state, f"{name}.b2a", values)),
                unit(state, f"{name}.b3b", maxima(values, (3, 3, 3), (1, 1, 1))),
            ],
            axis=1,
        )
    return values.mean((2, 3, 4))


def unit(state: State, name: str, values: np.ndarray, stride: int = 1) -> np.ndarray:
    kernel = state[f"{name}.conv3d.weight"].astype(np.float64)
    seen = windows(values, kernel.shape[2:], (stride,) * 3)
    sums = np.moveaxis(np.tensordot(seen, kernel, ((1, 5, 6, 7), (1, 2, 3, 4))), -1, 1)
    scale, shift, mean, variance = (
        state[f"{name}.bn.{part}"].astype(np.float64)[:, None, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.maximum((sums - mean) / np.sqrt(variance + 0.001) * scale + shift, 0)


def maxima(values: np.ndarray, kernel: tuple[int, ...], stride: tuple[int, ...]) -> np.ndarray:
    return windows(values, kernel, stride).max((5, 6, 7))


def windows(values: np.ndarray, kernel: tuple[int, ...], stride: tuple[int, ...]) -> np.ndarray:
    """Windows (N, C, T', H', W', *kernel); as TensorFlow pads, there are ceil(size / stride)."""
    pads = [(0, 0), (0, 0)]
    for size, width, step in zip(values.shape[2:], kernel, stride, strict=True):
        total = max((-(-size // step) - 1) * step + width - size, 0)
        pads.append((total // 2, total - total // 2))
    every = sliding_window_view(np.pad(values, pads), kernel, (2, 3, 4))
    return every[:, :, :: stride[0], :: stride[1], :: stride[2]]
