"""Batches of made-up videos."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lpat_train.data.dataset import Batch


def make_batch(
    values: Sequence[Tensor], labels: Sequence[Tensor], counts: Sequence[Tensor] | None = None
) -> Batch:
    """Videos of different lengths, padded with zeros at their ends."""
    lengths = torch.tensor([len(video) for video in values])
    padded = torch.nn.utils.rnn.pad_sequence(list(values), batch_first=True)
    mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
    together = None if counts is None else torch.stack(list(counts))
    return Batch(padded, mask, torch.stack(list(labels)), together)
