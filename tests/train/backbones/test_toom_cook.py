"""Filters by fewer products give what the filters give."""

import numpy as np
import pytest

from lpat_train.backbones.toom_cook import transforms


@pytest.mark.parametrize(
    ("outputs", "taps"), [(1, 1), (1, 3), (2, 3), (4, 3), (8, 3), (4, 4), (8, 4), (5, 2)]
)
def test_fewer_products_give_the_filter(outputs: int, taps: int) -> None:
    random = np.random.default_rng(outputs + taps)
    kernel, values = random.standard_normal(taps), random.standard_normal(outputs + taps - 1)
    algorithm = transforms(outputs, taps)
    products = (algorithm.filter @ kernel) * (algorithm.inputs @ values)
    assert products.shape == (outputs + taps - 1,)
    expected = [kernel @ values[first : first + taps] for first in range(outputs)]
    np.testing.assert_allclose(algorithm.outputs @ products, expected, rtol=0, atol=1e-8)


def test_the_first_product_goes_into_every_output() -> None:
    assert (transforms(8, 3).outputs[:, 0] == 1).all()


def test_float32_keeps_most_of_its_digits() -> None:
    """The points decide how much is rounded: with 0, 1, -1, 2, -2, 3, ... it is 36 times more."""
    random = np.random.default_rng(0)
    kernels, values = random.standard_normal((64, 3)), random.standard_normal((500, 64, 10))
    algorithm = transforms(8, 3)
    inputs, filters = (
        (each @ matrix.T).astype(np.float32)
        for each, matrix in ((values, algorithm.inputs), (kernels, algorithm.filter))
    )
    found = (inputs * filters).sum(1) @ algorithm.outputs.T.astype(np.float32)
    expected = np.stack([(values[:, :, i : i + 3] * kernels).sum((1, 2)) for i in range(8)], 1)
    error = np.sqrt(np.square(found - expected).mean()) / expected.std()
    assert error < 1e-5
