"""What marks of people teach, beside the losses of labels.

Snippets outside of all instances and ambiguous times of a reviewed video are known not to show
them. Those inside need not all look like the action, which may begin and end still: the better half
of them is to lie above the threshold, which is all that is asked. A moment is inside an instance,
so its snippet is to lie above; somewhere between two of one class an instance ends and another
begins, so the lowest snippet there is to lie below. In a reviewed video the instances say where.

Axes: B video, M member, T snippet, C class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from lpat_train.data.marks import Marks, covered

BETTER = 0.5
"""Share of an instance's snippets that are to lie above the threshold."""


def marks_loss(margins: Tensor, marks: Sequence[Marks | None], mask: Tensor) -> Tensor:
    """What the marks say of margins (B * M, T, C), the mean over the videos that have any.

    Some must have. What is to lie above weighs as much as what is to lie below: the mean of
    softplus(-m) over instances and moments, and that of softplus(m) over a reviewed video's other
    snippets and over what lies between moments. `mask` is (B * M, T).
    """
    members = len(margins) // len(marks)
    losses = []
    for row, its in enumerate(marks):
        if its is not None:
            its_margins = margins[row * members : (row + 1) * members]
            losses.append(_of_video(its_margins[:, mask[row * members]], its))
    return torch.stack(losses).mean()


def _of_video(margins: Tensor, marks: Marks) -> Tensor:
    """The loss of one video's margins (M, T, C)."""
    loss = margins.new_zeros(())
    for terms in (list(_above(margins, marks)), list(_below(margins, marks))):
        if terms:
            loss = loss + torch.stack(terms).mean()
    return loss


def _above(margins: Tensor, marks: Marks) -> Iterator[Tensor]:
    for (start, end), label in zip(marks.instances, marks.instance_classes, strict=True):
        inside = margins[:, covered(start, end, margins.shape[1]), label]
        better = inside.topk(max(1, round(BETTER * inside.shape[1])), dim=1).values
        yield functional.softplus(-better).mean()
    for time, label in zip(marks.moments, marks.moment_classes, strict=True):
        yield functional.softplus(-margins[:, int(time), label]).mean()


def _below(margins: Tensor, marks: Marks) -> Iterator[Tensor]:
    if marks.reviewed:
        _, snippets, classes = margins.shape
        absent = ~marks.shown(snippets, classes) & marks.told(snippets)[:, None]
        if absent.any():
            where = torch.from_numpy(absent).to(margins.device)
            yield functional.softplus(margins[:, where]).mean()
        return
    for label in set(marks.moment_classes.tolist()):
        places = sorted(marks.moments[marks.moment_classes == label].astype(int).tolist())
        for one, next_one in pairwise(places):
            if next_one - one > 1:
                lowest = margins[:, one + 1 : next_one, label].amin(dim=1)
                yield functional.softplus(lowest).mean()
