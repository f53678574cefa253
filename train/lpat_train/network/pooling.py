"""How scores over time become one score of the video. Padding counts nowhere."""

from __future__ import annotations

import torch
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the real snippets of values (B, T) or (B, T, C): (B,) or (B, C)."""
    if mask is None:
        return values.mean(dim=1)
    real = mask if values.ndim == 2 else mask[..., None]
    return (values * real).sum(dim=1) / real.sum(dim=1)


def masked_softmax(values: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax over the real snippets of values (B, T) or (B, T, C); padding gets zero."""
    if mask is not None:
        real = mask if values.ndim == 2 else mask[..., None]
        values = values.masked_fill(~real, float("-inf"))
    return torch.softmax(values, dim=1)


def top_k_mean(scores: Tensor, mask: Tensor | None, share: float) -> Tensor:
    """Each class's mean over its ceil(share * T) best snippets: (B, C) from scores (B, T, C)."""
    if mask is None:
        mask = torch.ones_like(scores[..., 0], dtype=torch.bool)
    lengths = mask.sum(dim=1)  # (B,)
    counts = (lengths * share).ceil().clamp(min=1)
    best = scores.masked_fill(~mask[..., None], float("-inf")).sort(dim=1, descending=True).values
    ranks = torch.arange(scores.shape[1], device=scores.device)
    chosen = ranks[None, :] < counts[:, None]  # (B, T)
    return best.masked_fill(~chosen[..., None], 0).sum(dim=1) / counts[:, None]
