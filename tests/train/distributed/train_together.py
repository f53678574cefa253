"""Trains small networks and writes what came of it: the same alone and under torchrun.

python train_together.py FOLDER                                  all cases
torchrun --nproc-per-node 2 train_together.py FOLDER                 the same by two processes
torchrun --nproc-per-node 2 train_together.py FOLDER RANK KIND       process RANK fails at step 3
"""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lpat.cli.app import run
from lpat.errors import LpatError
from lpat.types import Features, FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.distributed.processes import Processes, is_reporting_process
from lpat_train.presets import METHOD_DEFAULTS, changed
from lpat_train.training import loop

CPU = torch.device("cpu")
SPEC = FeatureSpec("motion", 1, {}, 12)
SMALL = {"steps": 12, "hidden": 16, "batch_size": 3, "clip_snippets": 16}
CASES = {
    **{method: {"method": method} for method in METHOD_DEFAULTS},
    "casl": {"casl": 0.5, "batch_size": 5, "members": 1, "context": "3"},
    "lpat-x": {"members": 3, "self_training": 1.0, "self_training_start": 0.3},
    "a video at a time": {"batch_size": 1},
    "one video, 3c-net": {"method": "3c-net", "batch_size": 1},
    "one video, star": {"method": "star", "batch_size": 1},
    "one video, autoloc": {"method": "autoloc", "batch_size": 1},
    "bfloat16": {"precision": "bfloat16"},
    "bfloat16, 3c-net": {"method": "3c-net", "precision": "bfloat16"},
    "bfloat16, star": {"method": "star", "precision": "bfloat16"},
    "bfloat16, autoloc": {"method": "autoloc", "precision": "bfloat16"},
    "held out": {"hold_out": 0.3, "validate_every": 4},
    "held out, counts": {"method": "3c-net", "hold_out": 0.3, "validate_every": 4},
}


def training_set() -> TrainingSet:
    """Videos of two classes, which differ in length; of every other one counts are known.

    Two more have no label.
    """
    random, features, labels = np.random.default_rng(0), {}, {}
    counts = {f"v{number}": {"a": 1 + number % 3, "b": 2} for number in range(0, 10, 2)}
    for number in range(12):
        values = random.normal(size=(int(random.integers(6, 30)), SPEC.dimension))
        labels[f"v{number}"] = (("a",), ("b",), ("a", "b"))[number % 3] if number < 10 else ()
        values[2:5, number % 3] += 4
        values = values.astype(np.float32)
        features[f"v{number}"] = Features(values, SPEC, len(values) * SPEC.snippet_seconds)
    return make_training_set(features, labels, counts)


def train_all(folder: Path, processes: Processes) -> dict[str, object]:
    """Losses of each case step by step; of one, those of a run in two parts too."""
    found: dict[str, object] = {}
    for name, values in CASES.items():
        config = changed(TrainingConfig(), {**SMALL, **values}, name)
        found[name] = losses_of(config, processes)
    config = changed(TrainingConfig(), {**SMALL, **CASES["held out"], **CASES["casl"]}, "parts")
    found["whole"] = losses_of(config, processes)
    first = losses_of(replace(config, steps=5), processes, folder=folder)
    found["parts"] = [*first, *losses_of(config, processes, folder=folder, resume=True)]
    return found


def losses_of(
    config: TrainingConfig, processes: Processes, folder: Path | None = None, resume: bool = False
) -> list[dict[str, float]]:
    history: list[dict[str, float]] = []
    loop.train(
        training_set(), config, device=CPU, folder=folder, resume=resume, processes=processes,
        on_step=lambda _, losses: history.append(losses),
        on_validation=lambda _, __, its: history.append(vars(its)) if its else None,
    )  # fmt: skip
    return history


def fail(processes: Processes, rank: int, kind: str) -> None:
    """Train until process `rank` fails at step 3, and the other for want of it."""
    step_losses = loop.StepLosses.__call__

    def failing(self: loop.StepLosses, step: int) -> dict[str, torch.Tensor]:
        if step == 3 and processes.rank == rank:
            if kind == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise LpatError("v3.npy: can no longer be read")
        return step_losses(self, step)

    loop.StepLosses.__call__ = failing  # type: ignore[method-assign]
    losses_of(changed(TrainingConfig(), SMALL, "fail"), processes)


class _Command:
    """What `lpat.cli.app.run` runs, without options."""

    name = "train_together"

    def main(self, **_: object) -> int:
        folder = Path(sys.argv[1])
        processes = Processes.from_environment()
        with processes.joined(CPU):
            if len(sys.argv) > 2:
                fail(processes, int(sys.argv[2]), sys.argv[3])
            found = train_all(folder, processes)
        if processes.first:
            (folder / f"{processes.count}.json").write_text(json.dumps(found), "utf-8")
        return 0


if __name__ == "__main__":
    run(_Command(), is_reporting_process)  # type: ignore[arg-type] - all that it needs of a command
