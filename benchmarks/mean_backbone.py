"""A backbone without training: weighted sums of the mean of each channel of each frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import helper

from lpat.inference.onnx_files import BACKBONE_KEY
from lpat.types import Float32Array
from small_networks import write_network


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
    return write_network(
        path,
        nodes,
        constants,
        {"clips": ["N", *clip_shape]},
        {"features": ["N", weights.shape[1]]},
        {} if metadata is None else {BACKBONE_KEY: metadata},
    )
