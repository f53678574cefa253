"""Small ONNX models and backbones made without training, node by node: for benchmarks and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lpat.inference.onnx_files import BACKBONE_KEY, MODEL_KEY
from lpat.types import Float32Array

Shapes = Mapping[str, Sequence[int | str]]


def write_linear_model(
    path: Path,
    weights: Float32Array,
    metadata: str | None,
    *,
    bias: Float32Array | None = None,
    pooling: Literal["ReduceMean", "ReduceMax"] = "ReduceMean",
) -> Path:
    """Write a model whose scores are weighted sums of a snippet's feature; its path.

    The weights (D, C + 1) and the bias (C + 1,) have the background's last.
    Probabilities are the softmax of scores pooled over time. Without `metadata`, the JSON text that
    a model of lpat carries, the file isn't one.
    """
    dimension, columns = weights.shape
    classes = columns - 1
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["raw"]),
        helper.make_node("Split", ["raw", "sizes"], ["scores", "column"], axis=2),
        helper.make_node("Squeeze", ["column", "last"], ["background"]),
        helper.make_node(pooling, ["raw", "times"], ["pooled"], keepdims=0),
        helper.make_node("Softmax", ["pooled"], ["probabilities"], axis=-1),
    ]
    constants = {
        "weights": weights,
        "bias": np.zeros(columns, np.float32) if bias is None else bias,
        "sizes": np.array([classes, 1]),
        "last": np.array([2]),
        "times": np.array([1]),
    }
    outputs = {
        "scores": ["B", "T", classes],
        "background": ["B", "T"],
        "probabilities": ["B", columns],
    }
    inputs = {"features": ["B", "T", dimension]}
    return write_network(
        path, nodes, constants, inputs, outputs, {} if metadata is None else {MODEL_KEY: metadata}
    )


def write_mean_backbone(
    path: Path,
    weights: Float32Array,
    clip_shape: Sequence[int],
    metadata: str | None,
) -> Path:
    """Write a backbone of weighted sums of the mean of each channel of each frame; its path.

    Clips are (N, C, T, H, W), weights (C * T, D): the means come channel by channel. Without
    `metadata`, its JSON text, the file isn't a backbone.
    """
    channels, frames = clip_shape[:2]
    nodes = [
        helper.make_node("ReduceMean", ["clips", "pixels"], ["means"], keepdims=0),
        helper.make_node("Reshape", ["means", "row"], ["rows"]),
        helper.make_node("MatMul", ["rows", "weights"], ["features"]),
    ]
    constants = {
        "pixels": np.array([3, 4]),
        "row": np.array([-1, channels * frames]),
        "weights": weights.astype(np.float32),
    }
    return write_network(
        path,
        nodes,
        constants,
        {"clips": ["N", *clip_shape]},
        {"features": ["N", weights.shape[1]]},
        {} if metadata is None else {BACKBONE_KEY: metadata},
    )


def write_network(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, np.ndarray],
    inputs: Shapes,
    outputs: Shapes,
    metadata: Mapping[str, str],
) -> Path:
    """Write a network of float32 inputs and outputs, by name and shape; its path."""
    given, made = (
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in side.items()
        ]
        for side in (inputs, outputs)
    )
    graph = helper.make_graph(
        nodes, "small", given, made,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    helper.set_model_props(model, dict(metadata))
    path.write_bytes(model.SerializeToString())
    return path
