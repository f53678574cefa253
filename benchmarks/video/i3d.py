"""What a clip of I3D costs on the processor: PyTorch, a plain ONNX export, and the graph of `lpat`.

    python -m benchmarks.video.i3d [--stream rgb|flow] [--batches 1,2,4] [--rounds 5]
                                   [--smallest RATIO]

Random weights of the published shapes, on clips of 16 frames of 224 x 224 pixels. All take turns in
one run, on as many threads; a median over the turns is printed, and how many times as fast as
PyTorch that is. `PyTorch, folded` has its batch normalisation in the convolutions' weights; `ONNX,
Conv3d` is what `torch.onnx.export` makes of the network. Those of ONNX Runtime keep their memory
from run to run, except `lpat, no arena`. Exits with 1 where `lpat` isn't RATIO times as fast.
"""

from __future__ import annotations

import argparse
import copy
import logging
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import onnxruntime
import torch

from benchmarks.video.random_i3d import random_state
from lpat.parallel.processes import available_cores
from lpat.types import Float32Array
from lpat_train.backbones.i3d import CHANNELS, FRAMES, I3D, SIZE, Unit, network_of
from lpat_train.backbones.i3d_graph import i3d_graph

BASELINE = "PyTorch"
OURS = "lpat"

Network = Callable[[Float32Array], Float32Array]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stream", choices=list(CHANNELS), default="rgb")
    parser.add_argument("--batches", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smallest", type=float, default=1.5)
    options = parser.parse_args()
    torch.set_num_threads(available_cores())
    networks = _networks(CHANNELS[options.stream])
    slow = False
    print(f"{options.stream}, {available_cores()} threads: milliseconds a clip, times as fast")
    for batch in map(int, options.batches.split(",")):
        shape = (batch, CHANNELS[options.stream], FRAMES, SIZE, SIZE)
        clips = np.random.default_rng(batch).uniform(-1, 1, shape).astype(np.float32)
        differences = _differences(networks, clips)
        seconds = _in_turns(networks, clips, options.rounds)
        for name, each in seconds.items():
            ratio = seconds[BASELINE] / each
            print(
                f"batch {batch}  {name:16} {1e3 * each / batch:8.1f} ms {ratio:6.2f} x   "
                f"differs by {differences[name]:.1g}"
            )
        slow = slow or seconds[BASELINE] < options.smallest * seconds[OURS]
    sys.exit(f"{OURS}: less than {options.smallest:g} times as fast" if slow else 0)


def _networks(channels: int) -> Mapping[str, Network]:
    state = random_state(channels)
    network = network_of(state)
    ours = i3d_graph({name: weight.numpy() for name, weight in state.items()})
    content = ours.SerializeToString()
    return {
        BASELINE: _by_torch(network),
        "PyTorch, folded": _by_torch(_folded(network)),
        "ONNX, Conv3d": _by_onnxruntime(_exported(network, channels)),
        "lpat, no arena": _by_onnxruntime(content, arena=False),
        OURS: _by_onnxruntime(content),
    }


def _by_torch(network: torch.nn.Module) -> Network:
    def run(clips: Float32Array) -> Float32Array:
        with torch.no_grad():
            return network(torch.from_numpy(clips)).numpy()

    return run


def _by_onnxruntime(content: bytes, *, arena: bool = True) -> Network:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = available_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = options.enable_mem_pattern = arena
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda clips: np.asarray(session.run(["features"], {"clips": clips})[0])


def _folded(network: I3D) -> I3D:
    network = copy.deepcopy(network)
    for unit in network.modules():
        if isinstance(unit, Unit):
            unit.conv3d = torch.nn.utils.fuse_conv_bn_eval(unit.conv3d, unit.bn)
            unit.add_module("bn", torch.nn.Identity())
    return network


def _exported(network: I3D, channels: int) -> bytes:
    example = torch.zeros(2, channels, FRAMES, SIZE, SIZE)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            network,
            (example,),
            input_names=["clips"],
            output_names=["features"],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto.SerializeToString()


def _differences(networks: Mapping[str, Network], clips: Float32Array) -> dict[str, float]:
    """The largest difference from PyTorch's features, in parts of the largest; warms all up."""
    expected = networks[BASELINE](clips)
    return {
        name: float(np.abs(network(clips) - expected).max() / np.abs(expected).max())
        for name, network in networks.items()
    }


def _in_turns(
    networks: Mapping[str, Network], clips: Float32Array, rounds: int
) -> dict[str, float]:
    """Median seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(rounds):
        for name, network in networks.items():
            start = time.perf_counter()
            network(clips)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
