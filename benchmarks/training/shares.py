"""What a training step of the default spends its time on, besides the network.

    OMP_NUM_THREADS=1 python -m benchmarks.training.shares [--steps 30]

60 videos of 200 to 400 snippets of built-in features, random, of 10 classes. The parts are those of
`training.loop`, one after the other: medians of this thread's time on its core.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch

from lpat.features.extractors import default_spec
from lpat.types import Features
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.data.sampling import TrainingClip, batch_of, clips_at
from lpat_train.methods import METHODS
from lpat_train.training.loop import make_network

VIDEOS, CLASSES, SNIPPETS = 60, 10, 400
Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    config, videos = TrainingConfig(), _videos()
    network = make_network(config, videos.spec.dimension, CLASSES).train()
    losses_of = METHODS[config.method].losses
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
    spent: dict[str, list[float]] = defaultdict(list)

    def timed(part: str, act: Callable[[], Result]) -> Result:
        begun = time.thread_time()
        result = act()
        spent[part].append(time.thread_time() - begun)
        return result

    for step in range(options.steps):
        clips = timed("choosing clips", lambda step=step: _clips(step, videos, config))
        batch = timed("the batch", lambda clips=clips: batch_of(clips))
        output = timed("forward", lambda batch=batch: network(batch.features, batch.mask))
        losses = timed("losses", lambda o=output, b=batch: losses_of(o, b, config))
        optimizer.zero_grad()
        timed("backward", losses["total"].backward)
        timed("Adam", optimizer.step)
        timed("values", lambda losses=losses: [value.item() for value in losses.values()])
    medians = {part: float(np.median(seconds)) for part, seconds in spent.items()}
    total = sum(medians.values())
    for part, seconds in medians.items():
        print(f"{part:16} {seconds * 1000:7.2f} ms {seconds / total:6.1%}")
    print(f"{'a step':16} {total * 1000:7.2f} ms")


def _clips(step: int, videos: TrainingSet, config: TrainingConfig) -> tuple[TrainingClip, ...]:
    return clips_at(
        step,
        videos.videos,
        batch_size=config.batch_size,
        clip_snippets=config.clip_snippets,
        seed=config.seed,
        paired=config.paired,
        labels=videos.label_matrix,
    )


def _videos() -> TrainingSet:
    random, spec = np.random.default_rng(0), default_spec()
    features, labels = {}, {}
    for number in range(VIDEOS):
        count = int(random.integers(SNIPPETS // 2, SNIPPETS))
        values = random.standard_normal((count, spec.dimension), np.float32)
        features[f"v{number}"] = Features(values, spec, count * spec.snippet_seconds)
        labels[f"v{number}"] = (f"c{number % CLASSES}",)
    return make_training_set(features, labels)


if __name__ == "__main__":
    main()
