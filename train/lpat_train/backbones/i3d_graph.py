"""I3D as an ONNX graph for processors: of 2D convolutions, and of less than half the products.

ONNX Runtime computes 3D convolutions as matrix products of copies, but 2D ones directly, in blocks
of channels that fit the processor's registers. So frames flow here, and time is the axis of small
matrix products: a convolution over time is computed on whole frames by the algorithm of Toom and
Cook, eight frames from ten products instead of 24. The products are the groups of one convolution.
Batch normalisation is folded into weights, and a bias is that of the first product.

By that algorithm, which Winograd made known, `m` outputs of a filter of `r` taps take m + r - 1
products instead of m r. With g the filter, d the m + r - 1 inputs that the outputs see, and *
element by element,

    y = outputs @ ((filter @ g) * (inputs @ d)),    y[i] = sum_j g[j] d[i + j]

(S. Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for
Convolutional Neural Networks", 2016). A product here may be a whole convolution of pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx

from lpat.types import Float64Array
from lpat_train.backbones.frame_graph import Frames, Graph
from lpat_train.backbones.i3d import (
    BLOCKS,
    BRANCH_POOL,
    EPSILON,
    FRAMES,
    POOLS,
    SIZE,
    UNITS,
    Pool,
)

State = Mapping[str, np.ndarray]

_BLOCK = 16  # channels that are computed together


@dataclass(frozen=True, eq=False)
class Weights:
    """A unit's convolution (K, C, T, H, W) and bias (K,), its normalisation folded in."""

    kernel: Float64Array
    bias: Float64Array


def i3d_graph(state: State, size: int = SIZE) -> onnx.ModelProto:
    """The network of a state dict: `clips` (N, C, 16, size, size) to `features` (N, D)."""
    graph = Graph()
    first, *units = UNITS
    weights = folded(state, first)
    frames = _max_pool(graph, _first_unit(graph, weights, size), POOLS[first])
    for name in (*units, *BLOCKS):
        if name in BLOCKS:
            frames = _inception(graph, frames, state, name)
        else:
            frames = _unit(graph, frames, folded(state, name))
        if name in POOLS:
            frames = _max_pool(graph, frames, POOLS[name])
    graph.mean(frames, "features")
    return graph.model(
        "i3d",
        {"clips": ["N", weights.kernel.shape[1], FRAMES, size, size]},
        {"features": ["N", frames.channels]},
    )


def folded(state: State, unit: str) -> Weights:
    """A unit's weights with its batch normalisation in them."""
    kernel, scale, shift, mean, variance = (
        state[f"{unit}.{part}"].astype(np.float64)
        for part in ("conv3d.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    return Weights(kernel * factor[:, None, None, None, None], shift - mean * factor)


def _inception(graph: Graph, frames: Frames, state: State, block: str) -> Frames:
    """A block's four branches, side by side."""
    b0, b1a, b1b, b2a, b2b, b3b = (
        folded(state, f"{block}.{branch}") for branch in ("b0", "b1a", "b1b", "b2a", "b2b", "b3b")
    )
    pooled = _max_pool(graph, frames, BRANCH_POOL)
    branches = [
        _unit(graph, frames, b0),
        *(
            _unit(graph, _unit(graph, frames, before), after)
            for before, after in (_in_blocks(b1a, b1b), _in_blocks(b2a, b2b))
        ),
        _unit(graph, pooled, b3b),
    ]
    return replace(
        frames,
        name=graph.add("Concat", *(branch.name for branch in branches), axis=1),
        channels=sum(branch.channels for branch in branches),
    )


def _in_blocks(before: Weights, after: Weights) -> tuple[Weights, Weights]:
    """Two units in a row, with channels of zeros between them up to a whole number of blocks.

    Without them the groups of the second one's products would be computed as matrix products.
    """
    missing, none = (0, -len(before.bias) % _BLOCK), (0, 0)
    return (
        Weights(np.pad(before.kernel, [missing, *[none] * 4]), np.pad(before.bias, missing)),
        replace(after, kernel=np.pad(after.kernel, [none, missing, *[none] * 3])),
    )


def _unit(graph: Graph, frames: Frames, weights: Weights) -> Frames:
    """A unit of stride 1."""
    count, _, taps, *_ = weights.kernel.shape
    if taps > 1:
        return _unit_over_time(graph, frames, weights)
    kernel = weights.kernel[:, :, 0]
    name = graph.convolution(frames.name, kernel, weights.bias, frames.height)
    return replace(frames, name=graph.add("Relu", name), channels=count)


def _unit_over_time(graph: Graph, frames: Frames, weights: Weights) -> Frames:
    """A unit of 3 x 3 x 3."""
    algorithm = transforms(frames.time, weights.kernel.shape[2])
    kernels, biases = _products(algorithm, weights)
    count, outputs, channels, *_ = kernels.shape
    name = graph.across_time(frames, _inputs(algorithm, frames.time))
    name = graph.convolution(
        graph.reshaped(name, -1, count * channels, frames.height, frames.width),
        kernels.reshape(-1, *kernels.shape[2:]),
        biases.reshape(-1),
        size=frames.height,
        group=count,
    )
    return _after_products(graph, algorithm, replace(frames, name=name, channels=outputs))


def _first_unit(graph: Graph, weights: Weights, size: int) -> Frames:
    """The unit of 7 x 7 x 7 and stride 2: a filter of a clip's even frames, one of its odd ones.

    Both see as few channels as they have, which is less than a block.
    """
    outputs, channels, taps, *_ = weights.kernel.shape
    time, side = FRAMES // 2, -(-size // 2)
    algorithm = transforms(time, (taps + 1) // 2)
    kernel = np.pad(weights.kernel, [(0, 0), (0, 0), (0, 1), (0, 0), (0, 0)])
    halves = np.concatenate([kernel[:, :, 0::2], kernel[:, :, 1::2]], axis=1)
    kernels, biases = _products(algorithm, replace(weights, kernel=halves))
    matrix = np.einsum(  # a product's channels, of even and odd frames, from a clip's (c, t)
        "nt,sz,cd->nscdtz", _inputs(algorithm, time), np.eye(2), np.eye(channels)
    ).reshape(-1, channels * FRAMES)
    name = graph.across_time(Frames("clips", channels * FRAMES, 1, size, size), matrix)
    convolved = [
        graph.convolution(
            graph.reshaped(part, -1, 2 * channels, size, size), kernel, bias, size, stride=2
        )
        for part, kernel, bias in zip(graph.split(name, len(kernels)), kernels, biases, strict=True)
    ]
    products = Frames(graph.add("Concat", *convolved, axis=1), time, outputs, side, side)
    return _after_products(graph, algorithm, products)


def _products(algorithm: Transforms, weights: Weights) -> tuple[Float64Array, Float64Array]:
    """Kernels (n, K, C, H, W) and biases (n, K) of a unit's products."""
    kernels = np.einsum("nt,kcthw->nkchw", algorithm.filter, weights.kernel)
    biases = np.zeros((len(kernels), len(weights.bias)))
    biases[0] = weights.bias
    return kernels, biases


def _inputs(algorithm: Transforms, time: int) -> Float64Array:
    """Matrix (n, time) from a clip's frames; the first output sees one before them, of zeros."""
    return algorithm.inputs[:, 1 : time + 1]


def _after_products(graph: Graph, algorithm: Transforms, frames: Frames) -> Frames:
    """Frames from a value that holds their products (N, n K, H, W)."""
    products = replace(frames, time=algorithm.outputs.shape[1])
    name = graph.add("Relu", graph.across_time(products, algorithm.outputs))
    return graph.as_frames(replace(frames, name=name))


def _max_pool(graph: Graph, frames: Frames, pool: Pool) -> Frames:
    """Maxima of frames that hold nothing below zero, so that zeros around them change none."""
    if pool.kernel[0] > 1:
        frames = graph.max_over_time(frames, pool.kernel[0], pool.stride[0])
    return graph.max_over_place(frames, pool.kernel[1], pool.stride[1])


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
