"""The mean of a snippet's neighbours, which stands beside what the snippet itself shows.

A convolution over the hidden layer gives context too, but blurs where an action begins and ends:
behind it, a snippet's own features can't be told from its neighbours'.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def neighbour_mean(values: Tensor, mask: Tensor | None, window: int) -> Tensor:
    """Mean (B, T, D) of the real snippets among the `window` around each of values (B, T, D)."""
    if mask is None:
        return _pooled(values, window, padding_counts=False)
    real = mask[..., None].to(values.dtype)
    shares = _pooled(real, window, padding_counts=True)  # of the window
    return _pooled(values * real, window, padding_counts=True) / shares.clamp(min=1 / window) * real


def _pooled(values: Tensor, window: int, *, padding_counts: bool) -> Tensor:
    pooled = functional.avg_pool1d(
        values.transpose(1, 2), window, 1, window // 2, count_include_pad=padding_counts
    )
    return pooled.transpose(1, 2)
