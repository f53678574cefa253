"""I3D as an ONNX graph for processors: of 2D convolutions, and of half as many products.

ONNX Runtime computes 2D convolutions of many channels directly, in blocks that fit the processor's
registers, and 3D ones as matrix products of copies. So frames (N T, C, H, W) flow here, and time is
an axis of matrix products: a convolution over time is computed on whole frames by the algorithm of
Toom and Cook (`toom_cook`), four frames from six products instead of twelve. The products are one
grouped convolution. Batch normalisation is folded into weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lpat.types import Float64Array
from lpat_train.backbones.i3d import (
    BLOCKS,
    BRANCH_POOL,
    EPSILON,
    FRAMES,
    POOLS,
    SIZE,
    Pool,
    same_padding,
)
from lpat_train.backbones.toom_cook import Transforms, transforms

OPSET = 18
IR_VERSION = 10

_OUTPUTS = 4  # frames from one set of products
_BLOCK = 16  # channels of a block in which 2D convolutions are computed directly
_LAYERS = ("Conv3d_1a_7x7", "Conv3d_2b_1x1", "Conv3d_2c_3x3", *BLOCKS)


@dataclass(frozen=True)
class Frames:
    """A value of the graph, (N time, channels, height, width)."""

    name: str
    time: int
    channels: int
    height: int
    width: int

    @property
    def values(self) -> int:
        """Values of a frame."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, eq=False)
class Weights:
    """A unit's convolution (K, C, T, H, W) and bias (K,), its normalisation folded in."""

    kernel: Float64Array
    bias: Float64Array


def i3d_graph(state: Mapping[str, np.ndarray], size: int = SIZE) -> onnx.ModelProto:
    """The network of a state dict: `clips` (N, C, 16, size, size) to `features` (N, D)."""
    graph = _Graph()
    first = folded(state, "Conv3d_1a_7x7")
    channels = first.kernel.shape[1]
    frames = graph.first_unit(first, size)
    for name in _LAYERS:
        if name in BLOCKS:
            frames = graph.inception(frames, state, name)
        elif name != "Conv3d_1a_7x7":
            frames = graph.unit(frames, folded(state, name))
        if name in POOLS:
            frames = graph.max_pool(frames, POOLS[name])
    graph.mean(frames)
    clips = helper.make_tensor_value_info(
        "clips", onnx.TensorProto.FLOAT, ["N", channels, FRAMES, size, size]
    )
    features = helper.make_tensor_value_info(
        "features", onnx.TensorProto.FLOAT, ["N", frames.channels]
    )
    return helper.make_model(
        helper.make_graph(graph.nodes, "i3d", [clips], [features], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lpat",
    )


def folded(state: Mapping[str, np.ndarray], unit: str) -> Weights:
    """A unit's weights with its batch normalisation in them."""
    kernel, scale, shift, mean, variance = (
        np.asarray(state[f"{unit}.{part}"], np.float64)
        for part in ("conv3d.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    return Weights(kernel * factor[:, None, None, None, None], shift - mean * factor)


def in_blocks(weights: Weights) -> Weights:
    """The same unit with channels of zeros up to a whole number of blocks."""
    missing = -len(weights.bias) % _BLOCK
    return Weights(
        np.pad(weights.kernel, [(0, missing), *[(0, 0)] * 4]), np.pad(weights.bias, (0, missing))
    )


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes) -> str:
        """The value that a new node gives."""
        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: np.ndarray | Sequence[int]) -> str:
        """A new constant: float32, or int64 where the values are integers."""
        array = np.asarray(values)
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array.astype(kind), name))
        return name

    def reshaped(self, name: str, *shape: int) -> str:
        return self.add("Reshape", name, self.constant(shape))

    def across_time(self, frames: Frames, matrix: Float64Array) -> str:
        """A matrix (U, time) times the frames, as (N, U, values of a frame)."""
        flat = self.reshaped(frames.name, -1, frames.time, frames.values)
        return self.add("MatMul", self.constant(matrix), flat)

    def convolution(
        self,
        name: str,
        kernel: Float64Array,
        bias: Float64Array,
        size: int,
        stride: int,
        group: int,
    ) -> str:
        """A 2D convolution of pictures of `size` pixels a side, padded as TensorFlow does."""
        before, after = same_padding(size, kernel.shape[-1], stride)
        return self.add(
            "Conv",
            name,
            self.constant(kernel),
            self.constant(bias),
            kernel_shape=kernel.shape[2:],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=group,
        )

    def unit(self, frames: Frames, weights: Weights) -> Frames:
        """A unit of stride 1."""
        count, _, taps, *_ = weights.kernel.shape
        if taps == 1:
            name = self.convolution(
                frames.name, weights.kernel[:, :, 0], weights.bias, frames.height, 1, 1
            )
            return replace(frames, name=self.add("Relu", name), channels=count)
        return self.unit_over_time(frames, weights)

    def unit_over_time(self, frames: Frames, weights: Weights) -> Frames:
        """A unit of 3 x 3 x 3."""
        tile = transforms(min(frames.time, _OUTPUTS), weights.kernel.shape[2])
        kernels, biases = _products(tile, weights)
        count, products = len(weights.bias), len(kernels)
        name = self.across_time(frames, _tiled_inputs(tile, frames.time))
        name = self.reshaped(name, -1, products * frames.channels, frames.height, frames.width)
        name = self.convolution(
            name,
            kernels.reshape(-1, *kernels.shape[2:]),
            biases.reshape(-1),
            frames.height,
            1,
            products,
        )
        return self.after_products(tile, replace(frames, name=name, channels=count))

    def after_products(self, tile: Transforms, frames: Frames) -> Frames:
        """Frames from products (N tiles, n K, H, W)."""
        tiles = frames.time // len(tile.outputs)
        matrix = np.kron(np.eye(tiles), tile.outputs).astype(np.float64)
        products = replace(frames, time=matrix.shape[1])
        name = self.add("Relu", self.across_time(products, matrix))
        return replace(
            frames, name=self.reshaped(name, -1, frames.channels, frames.height, frames.width)
        )

    def first_unit(self, weights: Weights, size: int) -> Frames:
        """The unit of 7 x 7 x 7 and stride 2 on the clips: two filters, of even and odd frames."""
        count, channels, taps, *_ = weights.kernel.shape
        time = FRAMES // 2
        tile = transforms(_OUTPUTS, (taps + 1) // 2)
        phases = np.pad(weights.kernel, [(0, 0), (0, 0), (0, 1), (0, 0), (0, 0)])
        phases = np.stack([phases[:, :, 0::2], phases[:, :, 1::2]], axis=1)
        phases = phases.reshape(count, 2 * channels, -1, taps, taps)
        kernels, biases = _products(tile, Weights(phases, weights.bias))
        products, tiles = len(kernels), time // _OUTPUTS
        inputs = _tiled_inputs(tile, time).reshape(tiles, products, time)
        matrix = np.einsum("ipt,sz,cd->piscdtz", inputs, np.eye(2), np.eye(channels))
        flat = self.reshaped("clips", -1, channels * FRAMES, size * size)
        name = self.add("MatMul", self.constant(matrix.reshape(-1, channels * FRAMES)), flat)
        parts = [f"{name}_{part}" for part in range(products)]
        self.nodes.append(
            helper.make_node("Split", [name], parts, axis=1, num_outputs=products, name="Split")
        )
        convolved = [
            self.convolution(
                self.reshaped(part, -1, 2 * channels, size, size), kernel, bias, size, 2, 1
            )
            for part, kernel, bias in zip(parts, kernels, biases, strict=True)
        ]
        side = -(-size // 2)
        name = self.add("Concat", *convolved, axis=1)
        return self.after_products(tile, Frames(name, time, count, side, side))

    def inception(self, frames: Frames, state: Mapping[str, np.ndarray], block: str) -> Frames:
        """The four branches of a block."""

        def unit(frames: Frames, branch: str) -> Frames:
            return self.unit(frames, folded(state, f"{block}.{branch}"))

        def pair(reduction: str, branch: str) -> Frames:
            weights = in_blocks(folded(state, f"{block}.{reduction}"))
            over_time = folded(state, f"{block}.{branch}")
            missing = len(weights.bias) - over_time.kernel.shape[1]
            kernel = np.pad(over_time.kernel, [(0, 0), (0, missing), *[(0, 0)] * 3])
            return self.unit(self.unit(frames, weights), replace(over_time, kernel=kernel))

        branches = [
            unit(frames, "b0"),
            pair("b1a", "b1b"),
            pair("b2a", "b2b"),
            unit(self.max_pool(frames, BRANCH_POOL), "b3b"),
        ]
        return replace(
            frames,
            name=self.add("Concat", *(branch.name for branch in branches), axis=1),
            channels=sum(branch.channels for branch in branches),
        )

    def max_pool(self, frames: Frames, pool: Pool) -> Frames:
        """Maxima of frames that hold nothing below zero, so that padding changes none."""
        if pool.kernel[0] > 1:
            frames = self.max_over_time(frames, pool.kernel[0], pool.stride[0])
        kernel, stride = pool.kernel[1], pool.stride[1]
        before, after = same_padding(frames.height, kernel, stride)
        name = self.add(
            "MaxPool",
            frames.name,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
        )
        side = -(-frames.height // stride)
        return replace(frames, name=name, height=side, width=side)

    def max_over_time(self, frames: Frames, kernel: int, stride: int) -> Frames:
        before, _ = same_padding(frames.time, kernel, stride)
        starts = np.arange(0, frames.time, stride) - before
        flat = self.reshaped(frames.name, -1, frames.time, frames.values)
        shifted = [
            self.add(
                "Gather", flat, self.constant(np.clip(starts + tap, 0, frames.time - 1)), axis=1
            )
            for tap in range(kernel)
        ]
        name = self.reshaped(
            self.add("Max", *shifted), -1, frames.channels, frames.height, frames.width
        )
        return replace(frames, name=name, time=len(starts))

    def mean(self, frames: Frames) -> None:
        """The mean over time and place, which is the output."""
        name = self.reshaped(
            frames.name, -1, frames.time, frames.channels, frames.height * frames.width
        )
        self.add("ReduceMean", name, self.constant([1, 3]), keepdims=0, output="features")


def _products(tile: Transforms, weights: Weights) -> tuple[Float64Array, Float64Array]:
    """Kernels (n, K, C, H, W) and biases (n, K) of a unit's products."""
    kernels = np.einsum("nt,kcthw->nkchw", tile.filter, weights.kernel)
    biases = np.zeros((len(kernels), len(weights.bias)))
    biases[0] = weights.bias
    return kernels, biases


def _tiled_inputs(tile: Transforms, time: int) -> Float64Array:
    """Matrix (tiles n, time) of a clip's inputs to all products; the first output sees frame -1."""
    count, products = len(tile.outputs), len(tile.inputs)
    padded = np.zeros((time // count, products, time + products))
    for number, rows in enumerate(padded):
        rows[:, number * count : number * count + products] = tile.inputs
    return padded[:, :, 1 : time + 1].reshape(-1, time)
