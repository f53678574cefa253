"""Exported networks whose hidden layers multiply in float16 or int8.

What the features are standardised by, the last layer, gates and pooling stay float32, and so do
the file's input and outputs.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx

from lpat.types import Features, Float32Array
from lpat_train.export.graph_rewrites import halves, hidden_products

CALIBRATION_SNIPPETS = 4096
_SNIPPETS_OF_A_VIDEO = 512
_HALF = ".half"


def in_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network with hidden layers of float16.

    ONNX Runtime's own converter makes the input float16 first, which features before they are
    standardised may not fit.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    graph, of_half = halved.graph, halves(model)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    half_values = {value for node in graph.node if node.name in of_half for value in node.output}
    made: dict[str, onnx.TensorProto] = {}  # weights as float16
    casts: set[str] = set()
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in of_half:
            for index, value in enumerate(node.input):
                if value in weights:
                    made[value] = _as_half(weights[value])
                elif value not in half_values and value not in casts:
                    casts.add(value)
                    nodes.append(_cast(value, value + _HALF, onnx.TensorProto.FLOAT16))
                node.input[index] = value + _HALF
            node.output[:] = [value + _HALF for value in node.output]
        else:
            for value in node.input:
                if value in half_values and value not in casts:
                    casts.add(value)
                    nodes.append(_cast(value + _HALF, value, onnx.TensorProto.FLOAT))
        nodes.append(node)
    used = {value for node in nodes for value in node.input}
    kept = [tensor for name, tensor in weights.items() if name in used]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *made.values()])
    return halved


def _cast(value: str, result: str, kind: int) -> onnx.NodeProto:
    return onnx.helper.make_node("Cast", [value], [result], name=f"{result}.cast", to=kind)


def _as_half(tensor: onnx.TensorProto) -> onnx.TensorProto:
    values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
    return onnx.numpy_helper.from_array(values, tensor.name + _HALF)


def in_int8(model: onnx.ModelProto, videos: Iterable[Features]) -> onnx.ModelProto:
    """The network with hidden layers of int8, as QDQ.

    The range of what goes into each is measured on the beginnings of the videos, at most
    `CALIBRATION_SNIPPETS` in all; all but a ten-thousandth of it fits. Weights have seven bits
    (`lpat.model.metadata.EXACT_WEIGHT_BITS`), so that every processor computes the same sums.
    """
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    with tempfile.TemporaryDirectory(prefix="lpat-") as folder, _quiet():
        before, after = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, before)  # given in memory, it would lose its weights to a file
        quantize_static(
            before,
            after,
            _Reader(videos),  # type: ignore[arg-type] - all that it needs of one
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,  # of weights: seven bits
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=list(hidden_products(model)),
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={
                "ActivationSymmetric": True,  # which TensorRT asks for
                "WeightSymmetric": True,
                "CalibPercentile": 99.99,
            },
        )
        return onnx.load(after)


class _Reader:
    """Snippets of videos, as ONNX Runtime's calibration asks for them: at once, being few."""

    def __init__(self, videos: Iterable[Features]) -> None:
        self._runs = iter([np.concatenate(list(_parts(videos)))])

    def get_next(self) -> dict[str, Float32Array] | None:
        """The next run's input; None after the last."""
        snippets = next(self._runs, None)
        return None if snippets is None else {"features": snippets[None]}


def _parts(videos: Iterable[Features]) -> Iterator[Float32Array]:
    left = CALIBRATION_SNIPPETS
    for video in videos:
        part = video.values[: min(left, _SNIPPETS_OF_A_VIDEO)]
        yield part
        left -= len(part)
        if not left:
            return


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """A block in which the quantiser's prints and hints go nowhere."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
