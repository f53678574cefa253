"""Dropout: what it keeps, how much of it, and that the seed alone decides which."""

from __future__ import annotations

import pytest
import torch

from lpat_train.network.dropout import Dropout


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.7, 0.99])
@pytest.mark.parametrize("shape", [(), (1,), (0, 4), (3, 5), (20, 31, 17)])
def test_values_stay_where_uniform_numbers_of_the_seed_are_below_the_share(
    p: float, shape: tuple[int, ...]
) -> None:
    """Bit for bit what PyTorch's dropout gives, where it doesn't leave that to MKL."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(9))
    torch.manual_seed(0)
    dropped, after = Dropout(p)(values), torch.get_rng_state()
    torch.manual_seed(0)
    stays = torch.rand(shape, dtype=torch.float64) < 1 - p
    assert torch.equal(dropped, values * stays.float().div(1 - p))
    assert torch.equal(after, torch.get_rng_state())  # so what is drawn next is the same too


def test_the_gradient_passes_where_values_do() -> None:
    torch.manual_seed(2)
    values = torch.randn(7, 9, requires_grad=True)
    dropped = Dropout(0.4)(values)
    dropped.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad * values, dropped)


def test_rows_alone_are_those_of_all() -> None:
    """As processes that share a batch draw for all of it and keep their part."""
    torch.manual_seed(4)
    whole = Dropout(0.5)(torch.ones(6, 10))
    torch.manual_seed(4)
    torch.testing.assert_close(Dropout(0.5)(torch.full((6, 10), 3.0)), 3 * whole)


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_nothing_is_dropped_in_evaluation_or_of_none(p: float) -> None:
    values = torch.randn(5, 4)
    layer = Dropout(p)
    assert torch.equal(layer.eval()(values), values)
    if p == 0:
        assert torch.equal(layer.train()(values), values)
