"""A training run on disk: weights, the optimiser's state, the config and what they are of.

Everything is safetensors, TOML or JSON; nothing is ever pickled or unpickled. Each step draws its
random numbers from (seed, step) alone, so weights, moments, the count of steps and which of them
was best are all that an exact continuation needs.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lpat.errors import LpatError, OutputError, UsageError
from lpat.features.files import spec_from_json
from lpat.files.atomic import atomic_path, read_whole, write_text
from lpat.files.json_files import write_json
from lpat.files.kinds import but_it_is
from lpat.types import FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.network.base import Network
from lpat_train.presets import PRESETS, read_config, to_toml
from lpat_train.training.early_stopping import Best

_STATE = "checkpoint.safetensors"
_BEST = "best.safetensors"
_CONFIG = "config.toml"
_ABOUT = "run.json"
_REPORT = ("report.html", "report.json")  # of `lpat_train.report`

BEFORE = replace(
    PRESETS["lpat"],
    ends=0.0,
    suppression="hard",
    minimum_score=0.0,
    class_selection="mean",
    class_weight=0.0,
    heeds="both",
)
"""What a run of before an option was there means, as its config doesn't say."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a finished or interrupted run is of, as its folder says."""

    folder: Path
    config: TrainingConfig
    classes: tuple[str, ...]
    spec: FeatureSpec
    videos: int
    held_out: tuple[str, ...] = ()
    reviewed: tuple[str, ...] | None = None  # of the videos; None: a run of before doesn't say


def new_run_folder(base: Path) -> Path:
    """A fresh folder `base/<time>`, with `base/latest` pointing at it.

    Raises:
        OutputError: `base` can't be written.
    """
    folder = fresh_folder(base)
    point_latest_at(folder)
    return folder


def fresh_folder(base: Path) -> Path:
    """A new folder `base/<time>`, which no other process gets.

    Raises:
        OutputError: `base` can't be written.
    """
    try:
        base.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
        number = 0
        while True:
            folder = base / (f"{stamp}-{number}" if number else stamp)
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
                continue
            return folder
    except OSError as error:
        raise OutputError(f"{base}: can't be written ({error.strerror})") from error


def point_latest_at(folder: Path) -> None:
    """Let `latest` beside a folder lead to it.

    Raises:
        OutputError: what it lies in can't be written.
    """
    base = folder.parent
    link = base / f".latest-{os.getpid()}"
    try:
        link.symlink_to(folder.name, target_is_directory=True)
        link.replace(base / "latest")
    except OSError as error:
        raise OutputError(f"{base}: can't be written ({error.strerror})") from error


def made_folder(folder: Path) -> Path:
    """A folder, made where there was none.

    Raises:
        OutputError: it can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be written ({error.strerror})") from error
    return folder


def claim_run_folder(folder: Path, *, overwrite: bool) -> None:
    """Have a folder for a new run: one that holds a run already is emptied of it or refused.

    One that was stopped before its first checkpoint has nothing to go on from, and is emptied.

    Raises:
        UsageError: it holds a run, and `overwrite` is false.
        OutputError: it can't be written.
    """
    try:
        if (folder / _ABOUT).exists():
            learned = (folder / _STATE).exists() or has_best(folder)
            if learned and not overwrite:
                raise UsageError(
                    f"{folder}: holds a run already; --resume goes on with it, "
                    "--overwrite starts anew"
                )
            written = (folder / name for name in (_ABOUT, _STATE, _BEST, *_REPORT))
            for old in (*written, *folder.glob("events.out.tfevents.*")):
                old.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: can't be written ({error.strerror})") from error


def write_run(
    folder: Path, config: TrainingConfig, training_set: TrainingSet, held_out: Sequence[str] = ()
) -> None:
    """Say what the run in a folder is of, before its first step.

    `training_set` is what it trains on, `held_out` names the videos that judge it.
    """
    write_text(folder / _CONFIG, to_toml(config))
    spec = training_set.spec
    write_json(
        folder / _ABOUT,
        {
            "schema": 1,
            "classes": list(training_set.classes),
            "features": {**asdict(spec), "parameters": dict(spec.parameters)},
            "videos": len(training_set.videos),
            "held_out": list(held_out),
            "reviewed": list(reviewed_in(training_set)),
        },
    )


def reviewed_in(training_set: TrainingSet) -> tuple[str, ...]:
    """The videos in which every instance is marked."""
    return tuple(its.name for its in training_set.videos if its.marks and its.marks.reviewed)


def read_run(folder: Path) -> Run:
    """Read what the run in a folder is of: config, classes, features, videos.

    Raises:
        UsageError: no run there, or a broken one.
    """
    if not ((folder / _ABOUT).is_file() and (folder / _CONFIG).is_file()):
        raise UsageError(f"{folder}: expected a training run, but it holds none{but_it_is(folder)}")
    config, text = read_config(folder / _CONFIG, BEFORE), read_whole(folder / _ABOUT, UsageError)
    try:
        about = json.loads(text)
        return Run(
            folder,
            config,
            tuple(about["classes"]),
            spec_from_json(about["features"]),
            int(about["videos"]),
            tuple(about.get("held_out", ())),
            None if "reviewed" not in about else tuple(about["reviewed"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{folder / _ABOUT}: broken description of a run ({error})") from error


def save_checkpoint(
    folder: Path,
    network: Network,
    optimizer: torch.optim.Optimizer,
    step: int,
    best: Best | None = None,
) -> None:
    """Write weights and the optimiser's state after `step` steps, whole or not at all."""
    tensors = _above("network.", network.state_dict())
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= _above(f"optimizer.{index}.", state)
    _save(folder / _STATE, tensors, step, best or Best())


def load_checkpoint(
    folder: Path, network: Network, optimizer: torch.optim.Optimizer | None = None
) -> int:
    """Put a saved state into a network, and into its optimiser; the steps it had taken.

    Raises:
        UsageError: no checkpoint there, or one of another network.
    """
    return _load(folder / _STATE, network, optimizer)


def load_best_so_far(folder: Path) -> Best:
    """The best validation so far when the checkpoint was saved.

    Raises:
        UsageError: no checkpoint there, or a broken one.
    """
    path = folder / _STATE
    try:
        with safe_open(str(path), framework="pt") as opened:
            return _progress(opened.metadata())[1]
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise UsageError(f"{path}: holds no checkpoint ({error})") from error


def save_best(folder: Path, state: Mapping[str, Tensor], best: Best) -> None:
    """Write the weights that predict held-out labels best."""
    _save(folder / _BEST, _above("network.", state), best.step, best)


def load_best(folder: Path, network: Network) -> int:
    """Put the weights that predict held-out labels best into a network; the steps they took.

    Raises:
        UsageError: none there, or those of another network.
    """
    return _load(folder / _BEST, network, None)


def has_best(folder: Path) -> bool:
    """Whether a run has kept the best of its states."""
    return (folder / _BEST).is_file()


def _save(path: Path, tensors: Mapping[str, Tensor], step: int, best: Best) -> None:
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    # One key: safetensors writes several in any order, and equal runs have equal files.
    progress = json.dumps({"step": step, "best": asdict(best), "sha256": _digest_of(contiguous)})
    with atomic_path(path) as temporary:
        save_file(contiguous, str(temporary), metadata={"progress": progress})


def _progress(metadata: Mapping[str, str] | None) -> tuple[int, Best]:
    progress = json.loads((metadata or {})["progress"])
    return int(progress["step"]), Best(**progress["best"])


def _load(path: Path, network: Network, optimizer: torch.optim.Optimizer | None) -> int:
    if not path.is_file():
        raise UsageError(f"{path.parent}: expected a checkpoint, but it holds none yet; train anew")
    try:
        with safe_open(str(path), framework="pt") as opened:
            step, _ = _progress(opened.metadata())
            told = json.loads(opened.metadata()["progress"]).get("sha256")
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        if told is not None and told != _digest_of(tensors):  # one of before has none
            raise UsageError(f"{path}: damaged: its numbers are not those that were saved")
        network.load_state_dict(_below("network.", tensors))
        if optimizer is not None:
            optimizer.load_state_dict(_optimizer_state(optimizer, tensors))
    except (SafetensorError, OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, LpatError):
            raise
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path}: doesn't hold this network ({reason})") from error
    return step


def _digest_of(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors' names and bytes, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _optimizer_state(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> dict[str, Any]:
    states: dict[int, dict[str, Tensor]] = {}
    for name, value in _below("optimizer.", tensors).items():
        index, key = name.split(".", 1)
        states.setdefault(int(index), {})[key] = value
    return {**optimizer.state_dict(), "state": states}


def _above(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
