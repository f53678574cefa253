"""Torch's ONNX graphs, made once for each kind of network: one takes it seconds.

The graphs of two networks of one kind differ in their weights alone. So torch makes that of a
network whose weights are numbers of their own, which say where each lies in the graph, and the
weights of others are set there. `export` compares each with torch all the same.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from lpat_train.export import onnx_export
from lpat_train.network.base import ExportModule

_FIRST = 4096.5
"""Of the numbers, which are one apart: no constant of a graph is one of them."""

_torch_graph = onnx_export.onnx_graph
_made: dict[str, onnx.ModelProto] = {}


def graph_of(module: ExportModule, dimension: int) -> onnx.ModelProto:
    """What `onnx_export.onnx_graph` gives."""
    kind = _kind_of(module, dimension)
    if kind not in _made:
        _made[kind] = _torch_graph(_numbered(module), dimension)
    model = onnx.ModelProto()
    model.CopyFrom(_made[kind])
    weights = _weights_of(module)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            numbers = onnx.numpy_helper.to_array(tensor) - _FIRST
            places = np.where(np.isfinite(numbers), numbers, -1).astype(np.int64)
            if ((places == numbers) & (places >= 0) & (places < len(weights))).all():
                tensor.CopyFrom(onnx.numpy_helper.from_array(weights[places], tensor.name))
    return model


def _numbered(module: ExportModule) -> ExportModule:
    numbered, first = copy.deepcopy(module), _FIRST
    with torch.no_grad():
        for value in numbered.state_dict().values():
            count = value.numel()
            value.copy_(torch.arange(first, first + count).reshape(value.shape))
            first += count
    return numbered


def _weights_of(module: ExportModule) -> NDArray[np.float32]:
    values = [value.numpy().ravel() for value in module.state_dict().values()]
    return np.concatenate(values).astype(np.float32)


def _kind_of(module: ExportModule, dimension: int) -> str:
    """All that a graph depends on but its weights."""
    shapes = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    settings = [
        (name, type(part).__qualname__, str(part), _settings_of(part))
        for name, part in module.named_modules()
    ]
    return repr((dimension, shapes, settings))


def _settings_of(part: torch.nn.Module) -> list[tuple[str, object]]:
    return sorted((name, its) for name, its in vars(part).items() if not name.startswith("_"))
