"""Short filters with fewer products: the algorithm of Toom and Cook, which Winograd made known.

`m` outputs of a filter of `r` taps take m + r - 1 products instead of m r. With g the filter, d the
m + r - 1 inputs that the outputs see, and * element by element,

    y = outputs @ ((filter @ g) * (inputs @ d)),    y[i] = sum_j g[j] d[i + j]

(S. Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for
Convolutional Neural Networks", 2016). A product here may be a whole convolution of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.types import Float64Array

_POINTS = (1.0, 0.0, -1.0, 2.0, -2.0, 0.5, -0.5, 4.0, -0.25, -4.0)
"""Where polynomials are evaluated, apart from infinity; the nearer to 1, the less is rounded."""


@dataclass(frozen=True, eq=False)
class Transforms:
    """What is done before and after n = m + r - 1 products.

    `inputs` is (n, n), `filter` (n, r), `outputs` (m, n). The first product goes into every output
    with factor 1, so what is added to it is added to all of them.
    """

    inputs: Float64Array
    filter: Float64Array
    outputs: Float64Array


def transforms(outputs: int, taps: int) -> Transforms:
    """The transforms for `outputs` outputs of a filter of `taps` taps, at most 11 products in all.

    Multiplying polynomials of m and r coefficients is evaluating both at n points, n products, and
    interpolation; a filter is that transposed.
    """
    products = outputs + taps - 1
    interpolation = np.linalg.inv(_evaluation(products, products)).astype(np.float64)
    return Transforms(
        interpolation.T, _evaluation(products, taps), _evaluation(products, outputs).T
    )


def _evaluation(points: int, coefficients: int) -> Float64Array:
    """Matrix (points, coefficients) that evaluates a polynomial; the last point is infinity."""
    matrix = np.vander(_POINTS[: points - 1], coefficients, increasing=True)
    return np.vstack([matrix, np.eye(coefficients)[-1]])
