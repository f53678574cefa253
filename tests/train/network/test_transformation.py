"""Neighbours' means beside a snippet's own features, and members that see different ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lpat.errors import UsageError
from lpat_train.config import windows_of
from lpat_train.network.transformation import Transformation, neighbour_mean


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


def test_hidden_units_see_a_snippet_and_its_neighbours_mean() -> None:
    layer = Transformation(1, 1, [(3,)])
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0], [10.0]]))
        layer.bias.copy_(torch.tensor([0.5, 0.25]))
    values = torch.arange(4.0)[None, :, None]
    assert layer.joined(layer(values), None).flatten().tolist() == [5.75, 11.75, 22.75, 28.75]


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
    before = {name: value.detach().clone() for name, value in layer.named_parameters()}
    for _ in range(3):
        layer.joined(layer(torch.randn(1, 5, 2)), None).square().sum().backward()
        optimizer.step()
    for name, value in layer.named_parameters():  # of 3 + 3 own parts and 3 + 3 neighbours' means
        assert not value[6:9].any(), name
        changed = value != before[name]
        assert changed[:6].all(), name
        assert changed[9:].all(), name
