"""The training loop: deterministic per seed, resumable at any step."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch

from lpat.errors import DeviceError, LpatError
from lpat_train.checkpoint import Run, load_checkpoint, save_checkpoint
from lpat_train.config import TrainingConfig
from lpat_train.dataset import TrainingSet, batch_at
from lpat_train.methods import METHODS
from lpat_train.network import Network

Device = Literal["auto", "cpu", "cuda"]
CHECKPOINT_STEPS = 100

OnStep = Callable[[int, dict[str, float]], None]
"""Called after each step with the steps done and the losses of its batch by name."""


class DivergenceError(LpatError, ArithmeticError):
    """The loss became infinite or not a number."""


def choose_device(name: Device) -> torch.device:
    """The torch device of a name; `auto` is CUDA where there is one.

    Raises:
        DeviceError: CUDA was asked for and isn't there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda: this PyTorch finds no CUDA device; use auto or cpu")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def make_network(config: TrainingConfig, dimension: int, classes: int) -> Network:
    """A new network of the config's method; the seed decides its weights."""
    torch.manual_seed(config.seed)
    return METHODS[config.method].make_network(config, dimension, classes)


def load_network(run: Run) -> Network:
    """The network of a run as last saved, in evaluation mode.

    Raises:
        UsageError: the run has saved none, or one that doesn't fit its config.
    """
    network = make_network(run.config, run.spec.dimension, len(run.classes))
    load_checkpoint(run.folder, network)
    return network.eval()


def train(
    training_set: TrainingSet,
    config: TrainingConfig,
    *,
    device: torch.device,
    folder: Path | None = None,
    resume: bool = False,
    on_step: OnStep | None = None,
) -> Network:
    """Train a network; it comes back in evaluation mode.

    With a folder its state is saved there every `CHECKPOINT_STEPS` steps and at the end. With
    `resume` training goes on from that state, to the very weights of an unbroken run.

    Raises:
        DivergenceError: the loss isn't finite any more.
        UsageError: `resume` without a checkpoint of this network.
    """
    network = make_network(config, training_set.spec.dimension, len(training_set.classes))
    if config.standardize:
        network.fit_standardisation(training_set.snippets())
    network.to(device).train()
    optimizer = torch.optim.Adam(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    losses_of = METHODS[config.method].losses
    start = load_checkpoint(folder, network, optimizer) if folder and resume else 0
    for step in range(start, config.steps):
        batch = batch_at(
            step,
            training_set.videos,
            batch_size=config.batch_size,
            clip_snippets=config.clip_snippets,
            seed=config.seed,
            paired=config.paired,
        ).to(device)
        torch.manual_seed(config.seed * 1_000_003 + step)  # dropout's, so that a run can resume
        losses = losses_of(network(batch.features, batch.mask), batch, config)
        optimizer.zero_grad()
        losses["total"].backward()
        optimizer.step()
        values = {name: value.item() for name, value in losses.items()}
        if not math.isfinite(values["total"]):
            raise DivergenceError(
                f"training diverged at step {step}: the loss is {values['total']}; "
                "try a smaller learning_rate"
            )
        done = step + 1
        if folder is not None and (done % CHECKPOINT_STEPS == 0 or done == config.steps):
            save_checkpoint(folder, network, optimizer, done)
        if on_step is not None:
            on_step(done, values)
    return network.eval()
