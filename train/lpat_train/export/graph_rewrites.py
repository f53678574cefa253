"""What is changed in a network's ONNX graph before it is written: less to compute, same results.

A product here is a matrix product or convolution with the network's own weights.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
from onnxscript.rewriter import pattern, rewrite

FARTHEST_MEAN = 64.0
"""Deviations that a feature's mean may lie from zero for its standardisation to be folded: as many
times less exactly float32 holds what is left of it."""

_PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})
_OF_HALVES = frozenset({"Add", "Relu", "Transpose"})


def lean(model: onnx.ModelProto, *, fold: bool) -> onnx.ModelProto:
    """A graph of the same results whose gates can't underflow.

    With `fold`, the standardisation of features becomes part of the weights of each first layer:
    (x - mean) scale W + b is x W' + b' for W' = scale W and b' = b - mean W'.
    """
    rules = [pattern.RewriteRule(_log_of_sigmoid, _stable_log_of_sigmoid)]
    if fold:
        rules.append(
            pattern.RewriteRule(_standardised_layer, _folded_layer, _can_fold, remove_nodes=False)
        )
    model = rewrite(model, rules)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    return model


def without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what torch notes of its source code, paths of this machine among it."""
    graph = model.graph
    for noted in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info,
                  *graph.initializer):  # fmt: skip
        del noted.metadata_props[:]
    return model


def hidden_products(model: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the nodes that multiply for hidden layers; those that give the scores aren't.

    They are nearly all the work, while a rounded score moves every border that it decides.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    products = {
        node.name
        for node in model.graph.node
        if node.op_type in _PRODUCTS and node.input[1] in weights
    }
    feeds_product: set[str] = set()  # names of values that some product is computed from
    hidden = []
    for node in reversed(model.graph.node):  # which is in the order of computation
        if feeds_product.intersection(node.output):
            feeds_product.update(node.input)
            if node.name in products:
                hidden.append(node.name)
        if node.name in products:
            feeds_product.update(node.input)
    return tuple(reversed(hidden))


def halves(model: onnx.ModelProto) -> frozenset[str]:
    """Names of the nodes that can be of float16: hidden products and what merely passes them on."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names, values = set(hidden_products(model)), set[str]()
    for node in model.graph.node:
        passes_on = node.op_type in _OF_HALVES and all(
            value in values or value in constants for value in node.input
        )
        if node.name in names or passes_on:
            names.add(node.name)
            values.update(node.output)
    return frozenset(names)


def _log_of_sigmoid(op, values):
    return op.Log(op.Sigmoid(values))


def _stable_log_of_sigmoid(op, values):
    return op.Neg(op.Softplus(op.Neg(values)))


def _standardised_layer(op, features, mean, scale, weights, bias):
    return op.Add(op.MatMul(op.Mul(op.Sub(features, mean), scale), weights), bias)


def _can_fold(_context, mean, scale, weights, bias, **_) -> bool:
    if any(value.const_value is None for value in (mean, scale, weights, bias)):
        return False
    return bool(np.abs(_array(mean) * _array(scale)).max() <= FARTHEST_MEAN)


def _folded_layer(op, features, mean, scale, weights, bias):
    scaled = _array(scale)[:, None] * _array(weights)
    shifted = _array(bias) - _array(mean) @ scaled
    return op.Add(
        op.MatMul(features, op.initializer(_tensor(scaled), name=f"{weights.name}.folded")),
        op.initializer(_tensor(shifted), name=f"{bias.name}.folded"),
    )


def _array(value: ir.Value) -> np.ndarray:
    assert value.const_value is not None  # as `_can_fold` has seen
    return value.const_value.numpy().astype(np.float64)


def _tensor(values: np.ndarray) -> ir.TensorProtocol:
    return ir.tensor(values.astype(np.float32))
