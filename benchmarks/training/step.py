"""What the losses and masks of LPAT add to a training step, beside a step of the bare network.

    python -m benchmarks.training.step

The bare network is linear, ReLU, dropout, linear, with a squared loss and Adam, of the same size,
on the same batch: 10 videos of 320 snippets, 2048 features, 2048 hidden units, 20 classes, as the
paper trains. Its steps alternate with LPAT's, and times are the process's on its processors, so
that other work on the machine counts little; OMP_NUM_THREADS=1 makes them steadier still.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from lpat_train.config import TrainingConfig
from lpat_train.methods.lpat import LPAT, lpat_loss
from lpat_train.presets import PRESETS

B, T, D, C = 10, 320, 2048, 20
ROUNDS = 7
# The paper's network, which the bare one equals; then with all our terms in the loss.
CONFIGS = {
    "Eqs. 1-8": PRESETS["paper"],
    "the three terms as well": replace(PRESETS["paper"], top_k=1.0, barrier=0.1, absence=0.1),
}


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    torch.manual_seed(0)
    features, labels = torch.randn(B, T, D), torch.zeros(B, C)
    labels[torch.arange(B), torch.arange(B) % C] = 1
    mask = torch.arange(T)[None, :] < torch.linspace(T / 2, T, B)[:, None]
    print(f"{torch.get_num_threads()} threads; processor time, median of {ROUNDS} steps")
    bare = _bare_step(features)
    for name, config in CONFIGS.items():
        network = LPAT(D, C, hidden=D, dropout=config.dropout).train()

        def loss(network: LPAT = network, config: TrainingConfig = config) -> torch.Tensor:
            return lpat_loss(network(features, mask), labels, mask, config).total

        ours, theirs = _alternate(_step(network, loss), bare)
        print(f"{name:26} {ours:6.3f} s   bare {theirs:6.3f} s   ratio {ours / theirs:.3f}")


def _bare_step(features: torch.Tensor) -> Callable[[], None]:
    network = nn.Sequential(nn.Linear(D, D), nn.ReLU(), nn.Dropout(0.7), nn.Linear(D, C + 1))
    return _step(network, lambda: network(features).square().mean())


def _step(network: nn.Module, loss: Callable[[], torch.Tensor]) -> Callable[[], None]:
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def _alternate(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float]:
    """Median processor seconds of each, in turns, after one turn that counts nothing."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for work, record in zip((one, other), times, strict=True):
            start = time.process_time()
            work()
            record.append(time.process_time() - start)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


if __name__ == "__main__":
    main()
