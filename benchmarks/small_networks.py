"""ONNX files of small networks, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

Shapes = Mapping[str, Sequence[int | str]]


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
