"""Neighbours' means beside a snippet's own features, and members that see different ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lpat.errors import UsageError
from lpat_train.context import windows_of
from lpat_train.neighbours import neighbour_mean, with_means
from lpat_train.transformation import Transformation


@pytest.mark.parametrize("length", [1, 2, 3, 8])
@pytest.mark.parametrize("window", [1, 3, 7])
def test_a_mean_is_of_the_snippets_that_there_are(length: int, window: int) -> None:
    values = torch.randn(1, length, 4, generator=torch.Generator().manual_seed(length))
    half = window // 2
    expected = [
        values[0, max(0, t - half) : t + half + 1].mean(dim=0).tolist() for t in range(length)
    ]
    alone = neighbour_mean(values, None, window)
    np.testing.assert_allclose(alone[0].numpy(), expected, rtol=1e-5, atol=1e-6)
    padded = torch.cat([values, torch.full((1, 5, 4), 99.0)], dim=1)
    mask = torch.arange(length + 5)[None] < length
    batched = neighbour_mean(padded, mask, window)
    np.testing.assert_allclose(batched[0, :length].numpy(), expected, rtol=1e-5, atol=1e-6)
    assert not batched[0, length:].any()


def test_means_stand_beside_the_values() -> None:
    values = torch.arange(4.0)[None, :, None]
    assert with_means(values, None, (3,))[0].tolist() == [[0, 0.5], [1, 1], [2, 2], [3, 2.5]]
    assert with_means(values, None, ()) is values


@pytest.mark.parametrize(
    ("text", "members", "expected"),
    [
        ("1", 1, ((),)),
        ("3", 2, ((3,), (3,))),
        ("7+1+3", 1, ((3, 7),)),
        ("1,3,3+7", 3, ((), (3,), (3, 7))),
        ("1,3", 4, ((), (3,), (), (3,))),
    ],
)
def test_windows_are_read(text: str, members: int, expected: object) -> None:
    assert windows_of(text, members) == expected


@pytest.mark.parametrize("text", ["", "2", "0", "-3", "65", "3,", "a", "3+", "3.0"])
def test_other_windows_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="context: expected odd numbers of snippets up to 63"):
        windows_of(text, 1)


def test_windows_that_no_member_would_see_are_refused() -> None:
    with pytest.raises(UsageError, match="at most as many parts as members, 1, not 2: '1,3'"):
        windows_of("1,3", 1)


def test_what_a_member_does_not_see_stays_without_weight() -> None:
    torch.manual_seed(0)
    layer = Transformation(2, 3, [(), (3,)])
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    before = layer.weight.detach().clone()
    for _ in range(3):
        layer(torch.randn(1, 5, 4)).square().sum().backward()
        optimizer.step()
    assert not layer.weight[:3, 2:].any()
    changed = layer.weight != before
    assert changed[:3, :2].all()
    assert changed[3:].all()
