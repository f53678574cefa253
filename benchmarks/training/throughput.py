"""How fast lpat-train's own loop trains, against what the device's matrix products allow.

    python -m benchmarks.training.throughput [--device cuda] [--precision bfloat16]

Whole steps as they are trained, batches and optimiser included: 10 videos of 320 snippets, 2048
features, 20 classes, by the preset `paper` (2048 hidden units) and by our default's layers at that
width (with TemConv). The limit is the time of a step's multiplications at the rate of the device's
plain products of that size and precision, measured before and after: what is left over goes to
all else that a step does. Times are the wall's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np
import torch

from lpat.types import Features, FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.presets import PRESETS
from lpat_train.training.loop import choose_device, train
from lpat_train.training.step import computes_in_bfloat16

B, T, D, H, C = 10, 320, 2048, 2048, 20
CONFIGS = {
    "paper": replace(PRESETS["paper"], hidden=H),
    "lpat, 2048 hidden": replace(PRESETS["lpat"], hidden=H),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--threads", type=int, default=0, help="the CPU's; 0: as lpat-train does")
    parser.add_argument("--steps", type=int, default=8, help="that are timed")
    options = parser.parse_args()
    device = choose_device(options.device)
    if options.threads:
        torch.set_num_threads(options.threads)
    kind = torch.bfloat16 if computes_in_bfloat16(options.precision, device) else torch.float32
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"{name}, {torch.get_num_threads()} threads, products in {kind}")
    videos = _videos()
    for words, config in CONFIGS.items():
        before = product_rate(device, kind)
        seconds = _step_seconds(videos, config, options.precision, device, options.steps)
        rate = (before + product_rate(device, kind)) / 2
        limit = operations(config) / rate
        print(
            f"{words:18} {seconds * 1000:8.1f} ms a step   {B * T / seconds:9.0f} snippets/s   "
            f"products alone {limit * 1000:8.1f} ms ({rate / 1e12:.2f} TFLOP/s)   "
            f"{limit / seconds:.0%} of the limit",
            flush=True,
        )


def operations(config: TrainingConfig) -> float:
    """Multiplications and additions of a step's layers, forward and backward.

    Each layer has three products forward and backward; the first needs no gradient of its input.
    """
    windows = {width for its in config.windows for width in its}
    first, last = 2 * D * (1 + len(windows)) * H, 2 * H * (C + 1)
    middle = 2 * 3 * H * H if config.temporal_convolution else 0
    return config.members * B * T * (2 * first + 3 * (middle + last))


def product_rate(device: torch.device, kind: torch.dtype) -> float:
    """Operations per second of a layer's product on its own."""
    one, other = (torch.randn(rows, H, device=device).to(kind) for rows in (B * T, H))
    times = []
    for _ in range(6):
        _wait(device)
        start = time.perf_counter()
        torch.mm(one, other)
        _wait(device)
        times.append(time.perf_counter() - start)
    return 2 * B * T * H * H / statistics.median(times[1:])


def _videos() -> TrainingSet:
    random, spec = np.random.default_rng(0), FeatureSpec("random", 1, {}, D)
    features, labels = {}, {}
    for number in range(2 * C):
        values = random.standard_normal((T, D), np.float32)
        features[f"v{number}"] = Features(values, spec, T * spec.snippet_seconds)
        labels[f"v{number}"] = (f"c{number % C}",)
    return make_training_set(features, labels)


def _step_seconds(
    videos: TrainingSet, config: TrainingConfig, precision: str, device: torch.device, steps: int
) -> float:
    """Median wall seconds of a step, after two that count nothing."""
    times: list[float] = []
    config = replace(config, steps=steps + 3, batch_size=B, precision=precision)
    train(videos, config, device=device, on_step=lambda _, __: times.append(time.perf_counter()))
    return float(np.median(np.diff(times)[2:]))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
