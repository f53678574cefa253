"""Int8 products of an ONNX graph as processors without VNNI compute them.

Those multiply unsigned by signed bytes and add each two products in 16 bits, which saturate
(`vpmaddubsw`); ONNX Runtime makes its signed activations unsigned by adding 128.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime

from lpat.types import Float32Array, Int64Array


class Product(NamedTuple):
    """What one node multiplies: rows (N, K) of bytes with weights (K, M)."""

    name: str
    rows: Int64Array
    weights: Int64Array

    @property
    def exact(self) -> Int64Array:
        """Sums (N, M) without saturation; activations are unsigned, as the kernels have them."""
        return (self.rows + 128) @ self.weights

    @property
    def saturating(self) -> Int64Array:
        """Sums (N, M) of which each two products were added in 16 bits."""
        odd = self.rows.shape[1] % 2
        rows = np.pad(self.rows + 128, ((0, 0), (0, odd)))
        weights = np.pad(self.weights, ((0, odd), (0, 0)))
        products = rows[:, :, None] * weights[None]
        pairs = products[:, 0::2] + products[:, 1::2]
        return np.clip(pairs, -(1 << 15), (1 << 15) - 1).sum(axis=1)


def int8_products(model: onnx.ModelProto, features: Float32Array) -> Iterator[Product]:
    """Each int8 product of a QDQ graph on features (T, D), with what goes into it there."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    made_by = {value: node for node in model.graph.node for value in node.output}
    found = []
    for node in model.graph.node:
        if node.op_type not in ("MatMul", "Conv"):
            continue
        sources = [made_by.get(value) for value in node.input[:2]]
        if all(source is not None and source.op_type == "DequantizeLinear" for source in sources):
            quantised, weights = (source.input[0] for source in sources if source is not None)
            found.append((node, quantised, constants[weights].astype(np.int64)))
    session = onnxruntime.InferenceSession(
        _with_outputs(model, [value for _, value, _ in found]).SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    values = session.run([value for _, value, _ in found], {"features": features[None]})
    for (node, _, weights), value in zip(found, values, strict=True):
        rows = np.asarray(value)[0].astype(np.int64)
        if node.op_type == "MatMul":
            yield Product(node.name, rows, weights)
        else:
            yield from _of_convolution(node, rows, weights)


def _with_outputs(model: onnx.ModelProto, values: list[str]) -> onnx.ModelProto:
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(
        onnx.helper.make_tensor_value_info(value, onnx.TensorProto.INT8, None) for value in values
    )
    return shown


def _of_convolution(
    node: onnx.NodeProto, rows: Int64Array, weights: Int64Array
) -> Iterator[Product]:
    """The products of a convolution over rows (K, T) padded by zeros, a group each."""
    groups = {a.name: a.i for a in node.attribute}.get("group", 1)
    size = weights.shape[2]
    padded = np.pad(rows, ((0, 0), (size // 2, size // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)  # (K, T, size)
    for group, (inputs, its) in enumerate(
        zip(np.split(windows, groups), np.split(weights, groups), strict=True)
    ):
        flat = inputs.transpose(1, 0, 2).reshape(inputs.shape[1], -1)
        yield Product(f"{node.name}/{group}", flat, its.reshape(len(its), -1).T)
