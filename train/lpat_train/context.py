"""What a snippet's neighbours show: their mean, beside the snippet's own features.

A convolution over the hidden layer gives context too, but blurs where an action begins and ends:
behind it, a snippet's own features can't be told from its neighbours'.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lpat.errors import UsageError

WIDEST = 63
"""Snippets of a mean: what a window of a long video sees beyond its own, on each side, at least."""

Windows = tuple[int, ...]
"""Snippets that means run over, each odd and around its snippet; ascending."""


def windows_of(text: str, members: int) -> tuple[Windows, ...]:
    """The windows that each member of a network sees: of "3", or of "1,3,3+7" in turn.

    1, the snippet alone, is always there and may be left out.

    Raises:
        UsageError: not such a text, a window that is even or too wide, or more parts than members.
    """
    parts = text.split(",")
    try:
        each = tuple(tuple(sorted({int(width) for width in part.split("+")})) for part in parts)
    except ValueError:
        each = ((0,),)
    if not all(0 < width <= WIDEST and width % 2 for windows in each for width in windows):
        raise UsageError(
            f"context: expected odd numbers of snippets up to {WIDEST} like 3, 3+7 or, of members "
            f"that differ, 1,3,3+7; not {text!r}"
        )
    if len(each) > members:
        raise UsageError(
            f"context: expected at most as many parts as members, {members}, "
            f"not {len(each)}: {text!r}"
        )
    each = tuple(tuple(width for width in windows if width > 1) for windows in each)
    return tuple(each[member % len(each)] for member in range(members))


def with_means(values: Tensor, mask: Tensor | None, windows: Windows) -> Tensor:
    """Values (B, T, D) beside their means over each of the windows: (B, T, D (1 + windows)).

    At a video's ends a mean is of the snippets that there are.
    """
    means = [neighbour_mean(values, mask, window) for window in windows]
    return torch.cat([values, *means], dim=-1) if means else values


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
