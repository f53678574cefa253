"""How many threads training computes with on a CPU.

Threads of one product wait for each other. Where another program has one of their cores, all wait
for as long as that has its turn, some milliseconds: a step of hundreds of small products takes many
times as long as on one thread, one of a few large products hardly longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lpat_train.config import TrainingConfig
from lpat_train.network.base import Network

SMALL = 1_000_000_000
"""Multiplications of a small network's largest product at most: some 25 ms of one core."""


@contextmanager
def training_threads(
    network: Network, config: TrainingConfig, device: torch.device, threads: int = 0
) -> Iterator[None]:
    """A block that computes with so many threads; afterwards there are as many as before.

    0 are one for a small network on a CPU, unless OMP_NUM_THREADS says how many; else PyTorch's.
    """
    before = torch.get_num_threads()
    if not threads and "OMP_NUM_THREADS" not in os.environ and device.type == "cpu":
        threads = 1 if largest_product(network, config) <= SMALL else 0
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def largest_product(network: Network, config: TrainingConfig) -> int:
    """Multiplications of the largest of a step's products: a layer's weights, for each snippet."""
    weights = max(its.numel() for its in network.parameters() if its.dim() > 1)
    return config.batch_size * config.clip_snippets * weights
