"""What marks say of margins."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lpat_train.data.marks import Marks
from lpat_train.methods.marks import marks_loss


def marks(
    instances: tuple[tuple[float, float, int], ...] = (),
    moments: tuple[tuple[float, int], ...] = (),
    *,
    reviewed: bool = True,
    ambiguous: tuple[tuple[float, float], ...] = (),
) -> Marks:
    return Marks(
        np.array([row[:2] for row in instances], np.float64).reshape(-1, 2),
        np.array([row[2] for row in instances], np.int64),
        np.array([row[0] for row in moments], np.float64),
        np.array([row[1] for row in moments], np.int64),
        reviewed,
        np.array(ambiguous, np.float64).reshape(-1, 2),
    )


def loss_of(margins: torch.Tensor, *each: Marks | None, real: int | None = None) -> float:
    mask = torch.arange(margins.shape[1]) < (margins.shape[1] if real is None else real)
    return marks_loss(margins, each, mask.expand(len(margins), -1)).item()


def test_the_better_half_of_an_instance_lies_above_and_all_outside_of_it_below() -> None:
    margins = torch.tensor([[[5.0], [3.0], [-9.0], [1.0], [-4.0], [-2.0]]])  # (1, 6, 1)
    above = softplus(-torch.tensor([3.0, 1.0])).mean()
    below = softplus(torch.tensor([5.0, -2.0])).mean()
    found = loss_of(margins, marks(((1.0, 5.0, 0),)))
    assert found == pytest.approx((above + below).item(), rel=1e-6)


def test_a_moment_lies_above_and_the_lowest_snippet_between_two_of_a_class_below() -> None:
    margins = torch.tensor([[[1.0, 7.0], [4.0, 7.0], [2.0, 7.0], [3.0, 7.0], [6.0, 7.0]]])
    its = marks(moments=((4.5, 0), (0.2, 0)), reviewed=False)
    above = softplus(-torch.tensor([1.0, 6.0])).mean()
    below = softplus(torch.tensor(2.0))
    assert loss_of(margins, its) == pytest.approx((above + below).item(), rel=1e-6)
    of_two_classes = marks(moments=((4.5, 0), (0.2, 1)), reviewed=False)
    one_each = softplus(-torch.tensor([6.0, 7.0])).mean()
    assert loss_of(margins, of_two_classes) == pytest.approx(one_each.item(), rel=1e-6)


def test_a_reviewed_video_in_which_nothing_happens_lies_below_throughout() -> None:
    assert loss_of(torch.zeros(1, 4, 3), marks()) == pytest.approx(math.log(2))


def test_padding_and_videos_without_marks_say_nothing() -> None:
    margins = torch.zeros(2, 4, 1)
    margins[0, 2:] = 100.0
    its = marks(((0.0, 1.0, 0),))
    assert loss_of(margins, its, None, real=2) == pytest.approx(2 * math.log(2))


def test_every_member_is_taught() -> None:
    margins = torch.zeros(4, 3, 1, requires_grad=True)  # two members of two videos
    mask = torch.ones(4, 3, dtype=torch.bool)
    marks_loss(margins, (None, marks(((0.0, 1.0, 0),))), mask).backward()
    assert margins.grad is not None
    assert margins.grad.abs().sum(dim=(1, 2)).gt(0).tolist() == [False, False, True, True]


def test_all_of_a_video_may_be_an_instance() -> None:
    margins = torch.zeros(1, 3, 1, requires_grad=True)
    loss = marks_loss(margins, (marks(((0.0, 3.0, 0),)),), torch.ones(1, 3, dtype=torch.bool))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert margins.grad is not None
    assert torch.isfinite(margins.grad).all()


def test_ambiguous_times_of_a_reviewed_video_teach_nothing() -> None:
    margins = torch.tensor([[[3.0], [-2.0], [50.0], [50.0]]])
    its = marks(((0.0, 1.0, 0),), ambiguous=((2.0, 4.0),))
    expected = softplus(torch.tensor(-3.0)) + softplus(torch.tensor(-2.0))
    assert loss_of(margins, its) == pytest.approx(expected.item(), rel=1e-6)


def test_two_moments_of_an_instance_of_a_reviewed_video_have_no_end_between_them() -> None:
    margins = torch.tensor([[[9.0], [9.0], [9.0]]])
    its = marks(((0.0, 3.0, 0),), moments=((0.5, 0), (2.5, 0)))
    assert loss_of(margins, its) == pytest.approx(softplus(torch.tensor(-9.0)).item(), rel=1e-4)
