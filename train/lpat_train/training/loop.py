"""The training loop: deterministic per seed, resumable at any step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from lpat.backbones.spec import COMBINED, parts_of
from lpat.errors import DeviceError
from lpat.types import FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.data.hold_out import Split, split
from lpat_train.distributed.processes import ALONE, Processes
from lpat_train.errors import DivergenceError
from lpat_train.methods import METHODS
from lpat_train.network.base import Network
from lpat_train.network.level import Level
from lpat_train.network.reduction import reduction_for
from lpat_train.training.adam import Adam
from lpat_train.training.best_state import BestState
from lpat_train.training.calibration import calibrate
from lpat_train.training.checkpoint import (
    Run,
    has_best,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from lpat_train.training.early_stopping import LabelJudgement, is_over, validates_after
from lpat_train.training.ends import OnEnds, learn_ends
from lpat_train.training.step import StepLosses, steps_per_epoch
from lpat_train.training.threads import training_threads

Device = Literal["auto", "cpu", "cuda"]
CHECKPOINT_STEPS = 100

OnStep = Callable[[int, dict[str, float]], None]
"""Called after each step with the steps done and the losses of its batch by name."""

OnValidation = Callable[[int, Network, LabelJudgement | None], None]
"""Called every `validate_every` steps with the steps done, the network in evaluation mode, and what
it is worth on held-out labels, if there are any."""


def choose_device(name: Device, processes: Processes = ALONE) -> torch.device:
    """The torch device of a name; `auto` is CUDA where there is one. Each process has its own.

    Raises:
        DeviceError: CUDA was asked for and isn't there, or not for every process.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("--device cuda: this PyTorch finds no CUDA device; use auto or cpu")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if processes.alone:
        return torch.device("cuda")
    if processes.local_rank >= (devices := torch.cuda.device_count()):
        raise DeviceError(
            f"process {processes.local_rank + 1} of this machine has no CUDA device of its own, "
            f"as there are {devices}; start fewer, or use --device cpu"
        )
    return torch.device("cuda", processes.local_rank)


def make_network(config: TrainingConfig, features: FeatureSpec | int, classes: int) -> Network:
    """A new network of the config's method for features of a spec, or of so many values; the seed
    decides its weights."""
    torch.manual_seed(config.seed)
    if isinstance(features, int):
        dimension, reduction = features, None
    else:
        reduction = reduction_for(features, config.components, config.heeds)
        dimension = features.dimension if reduction is None else reduction.dimension
    own = 0
    if (
        not isinstance(features, int)
        and features.extractor == COMBINED
        and config.heeds != "motion"
    ):
        own = parts_of(features)[0].dimension
    network = METHODS[config.method].make_network(config, dimension, classes)
    network.own, network.reduction = own, reduction
    network.level = Level(
        classes,
        members=config.members if config.method == "lpat" else 1,
        false_alarms=config.false_alarms,
        follow=config.follow,
    )
    return network


def load_network(run: Run) -> Network:
    """The network of a run as last saved, in evaluation mode; with held-out videos, at its best.

    Raises:
        UsageError: the run has saved none, or one that doesn't fit its config.
    """
    network = make_network(run.config, run.spec, len(run.classes))
    if run.config.hold_out and has_best(run.folder):
        load_best(run.folder, network)
    else:
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
    on_validation: OnValidation | None = None,
    on_ends: OnEnds | None = None,
    processes: Processes = ALONE,
    threads: int = 0,
) -> Network:
    """Train a network; it comes back in evaluation mode.

    With a folder its state is saved there every `CHECKPOINT_STEPS` steps and at the end. With
    `resume` training goes on from that state, to the very weights of an unbroken run. Where the
    config holds videos out, the network is that of the step which predicted their labels best.
    Of several `processes`, which must have joined, the first saves and calls back. Videos without
    labels are left out of training by a method that has no use for them. At the end the network's
    level is calibrated and, last, it learns ends (`training.ends`). So many `threads` compute it; 0
    are as `training.threads` chooses.

    Raises:
        DivergenceError: the loss isn't finite any more.
        UsageError: `resume` without a checkpoint of this network.
    """
    if not METHODS[config.method].learns_absence:
        training_set = training_set.labelled()
    parts = split(training_set, config.hold_out, config.seed)
    network = make_network(config, training_set.spec, len(training_set.classes))
    with training_threads(network, config, device, threads):
        return _train(
            network,
            parts,
            config,
            device=device,
            folder=folder,
            resume=resume,
            on_step=on_step,
            on_validation=on_validation,
            on_ends=on_ends,
            processes=processes,
        )


def _train(
    network: Network,
    parts: Split,
    config: TrainingConfig,
    *,
    device: torch.device,
    folder: Path | None,
    resume: bool,
    on_step: OnStep | None,
    on_validation: OnValidation | None,
    on_ends: OnEnds | None,
    processes: Processes,
) -> Network:
    if config.standardize and not (folder and resume) and processes.first:
        network.fit_to(parts.training.chunks)
    network.to(device).train()
    optimizer = Adam(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    kept = BestState(parts.held_out, folder, processes)
    done = 0
    if folder is not None and resume:
        done = load_checkpoint(folder, network, optimizer)
        kept.resume(folder, network)
    losses_of = StepLosses(network, parts.training, config, device, processes)
    epoch = steps_per_epoch(config, len(parts.training.videos))
    while not is_over(done, kept.best, config):
        losses = losses_of(done)
        optimizer.zero_grad()
        (losses["total"] * processes.count).backward()
        optimizer.step()
        values = {name: value.item() for name, value in losses.items()}
        if not math.isfinite(values["total"]):
            raise DivergenceError(
                f"training diverged at step {done}: the loss is {values['total']}; "
                "try a smaller learning_rate"
            )
        done += 1
        if validates_after(done, config, epoch):
            judgement = kept.judge(network, done)
            if on_validation is not None and processes.first:
                calibrate(network, parts.training.videos)
                on_validation(done, network.eval(), judgement)
                network.train()
        saves = done % CHECKPOINT_STEPS == 0 or is_over(done, kept.best, config)
        if folder is not None and saves and processes.first:
            save_checkpoint(folder, network, optimizer, done, kept.best)
        if on_step is not None and processes.first:
            on_step(done, values)
    kept.restore(network)
    network.part = None
    calibrate(network, parts.training.videos)
    keep = partial(_keep, folder if processes.first else None, network, optimizer, done, kept)
    keep()  # before ends, which may take as long again
    if config.end_steps:
        network.ends = learn_ends(network.eval(), parts.training, config, on_ends)
        keep()
    processes.meet()  # what the first saved is there for all from here on
    return network.eval()


def _keep(
    folder: Path | None,
    network: Network,
    optimizer: torch.optim.Optimizer,
    done: int,
    kept: BestState,
) -> None:
    """Save a network that has taken all of its steps, where there is a folder to save it in."""
    if folder is None:
        return
    if kept.best.step:
        kept.save(network)
    else:
        save_checkpoint(folder, network, optimizer, done)
