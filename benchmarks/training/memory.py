"""How much memory training takes, with features in their files and with all of them loaded.

    python -m benchmarks.training.memory [--gigabytes 4]

Writes feature files of 2048 dimensions into a temporary folder, then trains a small network on them
for some steps, in a fresh process each way: mapped as lpat-train maps them, and loaded first. What
counts is the highest resident memory of the process, with Python and PyTorch in it (their part is
measured by a run on two files). The last two rows stand for a machine with less memory than the set
is large: the process may take half of its size for data, and no more.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from lpat.features.files import locate_features
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import make_training_set
from lpat_train.training.loop import train

D = 2048
SNIPPETS = 4000
CONFIG = TrainingConfig(steps=20, hidden=64)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=4.0, help="of all files together")
    parser.add_argument("--folder", type=Path, help="where they are written, then deleted")
    parser.add_argument("--kind", choices=["float32", "float16"], default="float32")
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        return _train(Path(options.train[0]), mapped=options.train[1] == "mapped")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        size = _write(folder, options.gigabytes, options.kind)
        few = folder / "few"
        few.mkdir()
        for path in sorted(folder.glob("*.npy"))[:2]:
            (few / path.name).symlink_to(path)
        print(f"{size / 1e9:.2f} GB of features, {options.kind}")
        for words, place, way, limit in (
            ("two files, mapped", few, "mapped", None),
            ("all, mapped", folder, "mapped", None),
            ("all, loaded", folder, "loaded", None),
            ("all, mapped, in half the memory", folder, "mapped", size // 2),
            ("all, loaded, in half the memory", folder, "loaded", size // 2),
        ):
            print(f"{words:32} {_measure(place, way, limit)}", flush=True)
    return None


def _write(folder: Path, gigabytes: float, kind: str) -> int:
    random, size = np.random.default_rng(0), 0
    while size < gigabytes * 1e9:
        values = random.standard_normal((SNIPPETS, D), np.float32).astype(kind)
        np.save(folder / f"v{size}.npy", values)
        size += values.nbytes
    return size


def _measure(folder: Path, way: str, limit: int | None) -> str:
    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    done = subprocess.run(
        [sys.executable, __file__, "--train", str(folder), way],
        capture_output=True, text=True, check=False, preexec_fn=bound,
    )  # fmt: skip
    if done.returncode:
        return f"ended with {done.returncode}: {(done.stderr.splitlines() or ['killed'])[-1]}"
    found = json.loads(done.stdout)
    return (
        f"{found['peak']:6.2f} GB at most, {found['opening']:5.1f} s to check and standardise, "
        f"{found['step'] * 1000:4.0f} ms a step (processor time)"
    )


def _train(folder: Path, *, mapped: bool) -> None:
    start = time.process_time()
    stored = {path.stem: locate_features(path) for path in folder.glob("*.npy")}
    for its in stored.values():
        its.check()
    labels = {name: ("ab"[number % 2],) for number, name in enumerate(stored)}
    features = stored if mapped else {name: its.load() for name, its in stored.items()}
    training_set = make_training_set(features, labels)
    times: list[float] = []
    train(
        training_set, CONFIG, device=torch.device("cpu"),
        on_step=lambda _, __: times.append(time.process_time()),
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    step = float(np.median(np.diff(times)))
    opening = times[0] - start - step
    print(json.dumps({"peak": peak / 1e9, "opening": opening, "step": step}))


if __name__ == "__main__":
    main()
