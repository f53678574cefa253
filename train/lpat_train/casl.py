"""The co-activity similarity loss of W-TALC (Paul, Roy and Roy-Chowdhury, 2018)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lpat_train.pooling import masked_softmax

MARGIN = 0.5


def casl_loss(hidden: Tensor, scores: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """How little two videos look alike where both show the class that they share; a scalar.

    With a the softmax over t of a class's scores, H = sum_t a x is a video's feature where the
    class is, and L = sum_t (1 - a) x / (T - 1) elsewhere. Two videos of the class give
    1/2 (max(d(H1,H2) - d(H1,L2) + 1/2, 0) + max(d(H1,H2) - d(L1,H2) + 1/2, 0)), d = 1 - cosine:
    the mean over the batch's pairs of a class, then over the classes that have a pair; 0 without
    any. `hidden` (B, T, H) are the transformed features x.
    """
    attention = masked_softmax(scores, mask)  # (B, T, C)
    others = (mask.sum(dim=1) - 1).clamp(min=1)
    rest = (1 - attention) * mask[..., None] / others[:, None, None]
    inside = functional.normalize(attention.transpose(1, 2) @ hidden, dim=-1, eps=1e-4)  # (B, C, H)
    outside = functional.normalize(rest.transpose(1, 2) @ hidden, dim=-1, eps=1e-4)
    alike = torch.einsum("ach,bch->cab", inside, inside)  # (C, B, B), cosines
    apart = torch.einsum("ach,bch->cab", inside, outside)
    hinge = functional.relu(apart - alike + MARGIN)
    of_class = labels.T > 0  # (C, B)
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    pairs = of_class[:, :, None] & of_class[:, None, :] & ~itself  # each pair both ways round
    counts = pairs.sum(dim=(1, 2))
    of_classes = (hinge * pairs).sum(dim=(1, 2)) / counts.clamp(min=1)
    return of_classes.sum() / (counts > 0).sum().clamp(min=1)
