"""A model file without training: scores are weighted sums of a snippet's feature."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from onnx import helper

from lpat.inference.onnx_files import MODEL_KEY
from lpat.types import Float32Array
from small_networks import write_network


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
    outputs = {
        "scores": ["B", "T", classes],
        "background": ["B", "T"],
        "probabilities": ["B", columns],
    }
    inputs = {"features": ["B", "T", dimension]}
    return write_network(
        path, nodes, constants, inputs, outputs, {} if metadata is None else {MODEL_KEY: metadata}
    )
