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

    def as_frames(self, frames: Frames) -> Frames:
        """Frames from what has the same values in another shape."""
        name = self.reshaped(frames.name, -1, frames.channels, frames.height, frames.width)
        return replace(frames, name=name)

    def split(self, name: str, count: int) -> list[str]:
        """Equal parts of a value (N, ...), along its second axis."""
        parts = [f"{name}_{part}" for part in range(count)]
        node = helper.make_node("Split", [name], parts, axis=1, num_outputs=count)
        self.nodes.append(node)
        return parts

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
        stride: int = 1,
        group: int = 1,
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
                frames.name, weights.kernel[:, :, 0], weights.bias, frames.height
            )
            return replace(frames, name=self.add("Relu", name), channels=count)
        return self.unit_over_time(frames, weights)

    def unit_over_time(self, frames: Frames, weights: Weights) -> Frames:
        """A unit of 3 x 3 x 3."""
        algorithm = transforms(frames.time, weights.kernel.shape[2])
        kernels, biases = _products(algorithm, weights)
        products, count, channels, *_ = kernels.shape
        name = self.across_time(frames, _inputs(algorithm, frames.time))
        name = self.reshaped(name, -1, products * channels, frames.height, frames.width)
        name = self.convolution(
            name,
            kernels.reshape(-1, *kernels.shape[2:]),
            biases.reshape(-1),
            size=frames.height,
            group=products,
        )
        return self.after_products(algorithm, replace(frames, name=name, channels=count))

    def first_unit(self, weights: Weights, size: int) -> Frames:
        """The unit of 7 x 7 x 7 and stride 2: two filters, of a clip's even and odd frames."""
        count, channels, taps, *_ = weights.kernel.shape
        time, side = FRAMES // 2, -(-size // 2)
        algorithm = transforms(time, (taps + 1) // 2)
        kernel = np.pad(weights.kernel, [(0, 0), (0, 0), (0, 1), (0, 0), (0, 0)])
        halves = np.concatenate([kernel[:, :, 0::2], kernel[:, :, 1::2]], axis=1)
        kernels, biases = _products(algorithm, replace(weights, kernel=halves))
        matrix = np.einsum(
            "pt,sz,cd->pscdtz", _inputs(algorithm, time), np.eye(2), np.eye(channels)
        ).reshape(-1, channels * FRAMES)
        clips = Frames("clips", channels * FRAMES, 1, size, size)
        inputs = self.split(self.across_time(clips, matrix), len(kernels))
        convolved = [
            self.convolution(
                self.reshaped(part, -1, 2 * channels, size, size), kernel, bias, size, stride=2
            )
            for part, kernel, bias in zip(inputs, kernels, biases, strict=True)
        ]
        name = self.add("Concat", *convolved, axis=1)
        return self.after_products(algorithm, Frames(name, time, count, side, side))

    def after_products(self, algorithm: Transforms, frames: Frames) -> Frames:
        """Frames from their products, which are (N, n K, H, W)."""
        products = replace(frames, time=algorithm.outputs.shape[1])
        name = self.add("Relu", self.across_time(products, algorithm.outputs))
        return self.as_frames(replace(frames, name=name))

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
        return self.as_frames(replace(frames, name=self.add("Max", *shifted), time=len(starts)))

    def mean(self, frames: Frames) -> None:
        """The mean over time and place, which is the output."""
        name = self.reshaped(
            frames.name, -1, frames.time, frames.channels, frames.height * frames.width
        )
        self.add("ReduceMean", name, self.constant([1, 3]), keepdims=0, output="features")


def _products(algorithm: Transforms, weights: Weights) -> tuple[Float64Array, Float64Array]:
    """Kernels (n, K, C, H, W) and biases (n, K) of a unit's products."""
    kernels = np.einsum("nt,kcthw->nkchw", algorithm.filter, weights.kernel)
    biases = np.zeros((len(kernels), len(weights.bias)))
    biases[0] = weights.bias
    return kernels, biases


def _inputs(algorithm: Transforms, time: int) -> Float64Array:
    """Matrix (n, time) from a clip's frames; the first output sees one before them, of zeros."""
    return algorithm.inputs[:, 1 : time + 1]
