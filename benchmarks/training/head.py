"""What the exported head costs beside the bare matrix products in it, and videos per second.

    python -m benchmarks.training.head [--device auto|cpu|cuda|tensorrt] [--snippets 2000]
                                     [--dimension 2048]

The bare products are ONNX Runtime's, of the same sizes, on as many threads of the same device:
each layer's on an input of its own, without biases, activations, gates or pooling. Both take turns
in one run. Exits with 1 where a head of LPAT's takes more than 1.3 times as long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from lpat.inference.devices import device_of
from lpat.inference.sessions import load_on_cpu
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.types import FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.export.onnx_export import export
from lpat_train.presets import PRESETS, changed
from lpat_train.training.loop import make_network

CLASSES = tuple(f"class {number}" for number in range(20))
CONFIGS = {**PRESETS, "wtalc": changed(PRESETS["lpat"], {"method": "wtalc"}, "wtalc")}
ROUNDS = 25
HIGHEST = 1.3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--snippets", type=int, default=2000)
    parser.add_argument("--dimension", type=int, default=2048)
    options = parser.parse_args()
    spec = FeatureSpec("precomputed", 1, {}, options.dimension)
    values = np.random.default_rng(0).standard_normal((1, options.snippets, options.dimension))
    features = {"features": values.astype(np.float32)}
    slow = []
    for name, config in CONFIGS.items():
        with tempfile.TemporaryDirectory() as folder:
            head = _head(config, spec, Path(folder) / "head.onnx", options.device)
            bare = _bare(config, head, options.device, options.snippets)
            head_times, bare_times = _in_turns(
                lambda head=head: head.session.run(["scores", "probabilities"], features), bare
            )
        ours, theirs = statistics.median(head_times), statistics.median(bare_times)
        if name in PRESETS and ours > HIGHEST * theirs:
            slow.append(name)
        print(
            f"{name:8} {head.provider:24} {1e3 * ours:7.2f} ms   bare {1e3 * theirs:7.2f} ms   "
            f"ratio {ours / theirs:.2f}   {1 / ours:7.1f} videos of {options.snippets} snippets/s"
        )
    sys.exit(f"above {HIGHEST}: {', '.join(slow)}" if slow else 0)


def _head(config: TrainingConfig, spec: FeatureSpec, path: Path, device: str) -> Localizer:
    torch.manual_seed(0)
    network = make_network(config, spec.dimension, len(CLASSES))
    network.mean = torch.rand(spec.dimension)
    network.scale = 0.5 + torch.rand(spec.dimension)
    export(network, ModelMetadata(CLASSES, spec, config.post_processing()), path)
    return Localizer(path, device)


def _bare(
    config: TrainingConfig, head: Localizer, device: str, snippets: int
) -> Callable[[], object]:
    """A run of the head's products alone, each (members, T, before) by (members, before, after)."""
    dimension = head.metadata.features.dimension
    hidden, members = config.hidden or dimension, config.members
    outputs = len(CLASSES) + (config.method == "lpat")
    windows = {width for its in config.windows for width in its}
    parts = (1 + len(windows)) * members * hidden
    products = [(1, dimension, parts), (members, hidden, outputs)]
    if config.temporal_convolution:
        products.append((members, 3 * hidden, hidden))
    random, graph, inputs = np.random.default_rng(0), onnx.GraphProto(name="products"), {}
    for number, (count, before, after) in enumerate(products):
        weights = random.standard_normal((count, before, after)).astype(np.float32)
        if count == 1:
            weights = weights[0]
        graph.initializer.append(numpy_helper.from_array(weights, f"w{number}"))
        name = "features" if number == 0 else f"x{number}"
        graph.node.append(helper.make_node("MatMul", [name, f"w{number}"], [f"y{number}"]))
        shape = [count, "T", before]
        graph.input.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        shape = [count, "T", after]
        graph.output.append(
            helper.make_tensor_value_info(f"y{number}", onnx.TensorProto.FLOAT, shape)
        )
        values = random.standard_normal((count, snippets, before))
        inputs[name] = values.astype(np.float32)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = model.SerializeToString()
    if head.provider == "CPUExecutionProvider":
        runtime = load_on_cpu(content)
    else:  # which places a head of one input: products on one GPU need no such care
        import onnxruntime

        index = device_of(device).index
        runtime = onnxruntime.InferenceSession(
            content, providers=[(head.provider, {"device_id": str(index)})]
        )
    return lambda: runtime.run(None, inputs)


def _in_turns(
    one: Callable[[], object], other: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Seconds of each, in turns, after three turns that count nothing."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 3):
        for work, record in zip((one, other), times, strict=True):
            start = time.perf_counter()
            work()
            if number >= 3:
                record.append(time.perf_counter() - start)
    return times


if __name__ == "__main__":
    main()
