"""ONNX graphs on the frames of clips: what most of their nodes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lpat.types import Float64Array
from lpat_train.backbones.i3d import same_padding

OPSET = 18
IR_VERSION = 10
FLOAT = onnx.TensorProto.FLOAT


@dataclass(frozen=True)
class Frames:
    """A value of a graph: frames (N time, channels, height, width), a clip's one after another."""

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
class Graph:
    """Nodes and constants, in the order in which they were added."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

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
        """The values in another shape, one side of which may be -1."""
        return self.add("Reshape", name, self.constant(shape))

    def as_frames(self, frames: Frames) -> Frames:
        """Frames from a value that holds them in another shape."""
        name = self.reshaped(frames.name, -1, frames.channels, frames.height, frames.width)
        return replace(frames, name=name)

    def split(self, name: str, count: int) -> list[str]:
        """Equal parts of a value (N, ...), along its second axis."""
        parts = [f"{name}_{part}" for part in range(count)]
        self.nodes.append(
            helper.make_node("Split", [name], parts, f"Split_{name}", axis=1, num_outputs=count)
        )
        return parts

    def across_time(self, frames: Frames, matrix: Float64Array) -> str:
        """A matrix (U, time) times each clip's frames: (N, U, values of a frame)."""
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
        """A 2D convolution of pictures (N, C, size, size), padded as `same_padding` has it."""
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

    def max_over_place(self, frames: Frames, kernel: int, stride: int) -> Frames:
        """Maxima over squares of each frame."""
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
        """Maxima over frames that follow each other. The clip's ends are repeated, not padded."""
        before, _ = same_padding(frames.time, kernel, stride)
        first = np.arange(0, frames.time, stride) - before
        flat = self.reshaped(frames.name, -1, frames.time, frames.values)
        chosen = [np.clip(first + tap, 0, frames.time - 1) for tap in range(kernel)]
        shifted = [self.add("Gather", flat, self.constant(each), axis=1) for each in chosen]
        return self.as_frames(replace(frames, name=self.add("Max", *shifted), time=len(first)))

    def mean(self, frames: Frames, output: str) -> None:
        """The mean (N, channels) over time and place, as an output of the graph."""
        pixels = frames.height * frames.width
        name = self.reshaped(frames.name, -1, frames.time, frames.channels, pixels)
        self.add("ReduceMean", name, self.constant([1, 3]), keepdims=0, output=output)

    def model(
        self, name: str, inputs: dict[str, list[str | int]], outputs: dict[str, list[str | int]]
    ) -> onnx.ModelProto:
        """The graph with its inputs and outputs, of float32, by name and shape."""
        values = [
            [helper.make_tensor_value_info(each, FLOAT, shape) for each, shape in side]
            for side in (inputs.items(), outputs.items())
        ]
        return helper.make_model(
            helper.make_graph(self.nodes, name, *values, initializer=self.constants),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="lpat",
        )
