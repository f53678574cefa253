"""A model file without training: scores are weighted sums of a snippet's feature."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lpat.model_file import KEY
from lpat.types import Float32Array


def write_linear_model(
    path: Path,
    weights: Float32Array,
    metadata: str | None,
    *,
    bias: Float32Array | None = None,
    pooling: Literal["ReduceMean", "ReduceMax"] = "ReduceMean",
) -> Path:
    """Write a model of weights (D, C + 1) and a bias (C + 1,), the background's last; its path.

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
    shapes = {
        "features": ["B", "T", dimension],
        "scores": ["B", "T", classes],
        "background": ["B", "T"],
        "probabilities": ["B", columns],
    }
    features, *outputs = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(
        nodes, "linear", [features], outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    if metadata is not None:
        helper.set_model_props(model, {KEY: metadata})
    path.write_bytes(model.SerializeToString())
    return path
