"""A backbone without training: weighted sums of the mean of each channel of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lpat.backbones.metadata import KEY
from lpat.types import Float32Array


def write_mean_backbone(
    path: Path,
    weights: Float32Array,
    clip_shape: Sequence[int],
    metadata: str | None,
) -> Path:
    """Write a network of clips (N, C, T, H, W) and weights (C * T, D); its path.

    The means come channel by channel. Without `metadata`, its JSON text, the file isn't a backbone.
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
    shapes = {"clips": ["N", *clip_shape], "features": ["N", weights.shape[1]]}
    clips, features = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(
        nodes, "means", [clips], [features],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    if metadata is not None:
        helper.set_model_props(model, {KEY: metadata})
    path.write_bytes(model.SerializeToString())
    return path
