"""Kills lpat-detect at random moments, and looks at what it leaves.

    python -m benchmarks.commands.kill MODEL VIDEO... [--kills 50] [--seed 0]

Every kill is a SIGKILL of the process that drives a batch with all outputs on; half of them come
after a random time, half right after an input was done, when files are being written. After each,
every file that has its final name must be byte for byte that of an undisturbed run, nothing that
was done may be gone, run.json must be whole and not claim to be complete, and each input that it
calls done must be there. The next run goes on in the same folder. Whenever a batch comes to its
end, its folder and the cache must hold no temporary file, and the next one starts afresh.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FORMATS = "csv,srt,vtt,chapters,edl,otio,eaf,labelstudio,html"
OUTPUTS = ("--format", FORMATS, "--scores", "--clips", "--overlay", "--progress", "json")
UNFINISHED = ".lpat"  # what the names of temporary files and of the lock begin with


@dataclass
class Trial:
    """A model and videos, and what an undisturbed run makes of them."""

    model: Path
    videos: Sequence[Path]
    folder: Path
    outputs: Sequence[str] = field(default_factory=lambda: OUTPUTS)
    reference: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def start(self) -> subprocess.Popen[str]:
        """The command, begun in a process of its own."""
        words = [self.model, *self.videos, "--output", self.output, *self.outputs]
        return subprocess.Popen(
            [sys.executable, "-m", "lpat.cli.detect", *map(str, words)],
            env={**os.environ, "LPAT_CACHE": str(self.cache)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def clear(self) -> None:
        """Nothing is done and nothing is cached."""
        for folder in (self.output, self.cache):
            shutil.rmtree(folder, ignore_errors=True)

    def run_undisturbed(self) -> None:
        """Learn what the results are, and how long they take."""
        self.clear()
        begun = time.monotonic()
        process = self.start()
        _, errors = process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"the undisturbed run failed:\n{errors}")
        self.seconds = time.monotonic() - begun
        self.reference = self.finished_files()
        self.clear()

    def finished_files(self) -> dict[str, bytes]:
        """Content of the files with final names, apart from run.json, whose times differ."""
        return {
            str(path.relative_to(self.output)): path.read_bytes()
            for path in sorted(self.output.rglob("*"))
            if path.is_file() and path.name != "run.json" and not path.name.startswith(UNFINISHED)
        }

    def unfinished_files(self) -> list[str]:
        """Names of temporary files and locks, in the output and in the cache."""
        return [
            str(path.relative_to(self.folder))
            for folder in (self.output, self.cache)
            for path in folder.rglob(f"{UNFINISHED}*")
        ]


def check_killed(trial: Trial, done: set[str]) -> set[str]:
    """Entries that are there after a kill; all of `done` must be among them.

    Raises:
        AssertionError: something was lost, or left in part.
    """
    files = trial.finished_files()
    for name, content in files.items():
        if name.endswith("clips.json"):
            json.loads(content)  # it lists what may come, before the clips do
        else:
            require(name in trial.reference, f"{name}: no undisturbed run writes it")
            require(content == trial.reference[name], f"{name}: isn't whole")
    entries = {name for name in files if name.startswith("videos/") and is_entry(name, trial)}
    require(done <= entries, f"lost: {sorted(done - entries)}")
    for name in entries:
        stem = name.removesuffix(".json")
        wanted = {other for other in trial.reference if belongs(other, stem)}
        require(wanted <= set(files), f"{name} vouches for {sorted(wanted - set(files))}")
    path = trial.output / "run.json"
    if path.exists():
        document = json.loads(path.read_text(encoding="utf-8"))
        complete = document["complete"]
        require(not complete or len(entries) == len(trial.videos), "run.json: it isn't complete")
        for entry in document["inputs"]:
            if entry["status"] == "done":
                require(f"videos/{entry['name']}.json" in entries, f"{entry['name']}: not done")
    return entries


def is_entry(name: str, trial: Trial) -> bool:
    return name in {f"videos/{video.stem}.json" for video in trial.videos}


def belongs(name: str, stem: str) -> bool:
    """Whether a file belongs to the input whose entry is `stem`.json."""
    return name.startswith((f"{stem}.", stem.replace("videos/", "clips/") + "/"))


def check_complete(trial: Trial) -> None:
    """See that a batch that came to its end left what an undisturbed one does, and nothing else."""
    files = trial.finished_files()
    require(files.keys() == trial.reference.keys(), "other files than without kills")
    differing = [name for name in files if files[name] != trial.reference[name]]
    require(not differing, f"other content than without kills: {differing}")
    require(not (left := trial.unfinished_files()), f"left behind: {left}")


def require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def kill_randomly(trial: Trial, choice: random.Random) -> tuple[str, bool]:
    """When the process was killed, in words, and whether it came to its end before that."""
    process = trial.start()
    assert process.stderr is not None
    if choice.random() < 0.5:
        delay = choice.uniform(0.05, trial.seconds)
        when = f"after {delay:6.2f} s"
    else:
        number, delay = choice.randint(1, 2), choice.uniform(0, 0.4)
        when = f"{delay:.3f} s after outcome {number}"
        for line in process.stderr:
            event = json.loads(line) if line.startswith("{") else {}
            number -= event.get("event") == "input" and event["status"] != "skipped"
            if number <= 0:
                break
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    process.stderr.close()
    require(process.returncode in (0, -signal.SIGKILL), f"exit code {process.returncode}")
    return when, process.returncode == 0


def kill_repeatedly(trial: Trial, kills: int, seed: int) -> Iterator[str]:
    """A line for each kill. The last batch is brought to its end undisturbed, and compared."""
    choice = random.Random(seed)
    done: set[str] = set()
    number = 0
    while number < kills:
        when, ended = kill_randomly(trial, choice)
        if ended:
            check_complete(trial)
            trial.clear()
            done = set()
            continue
        done = check_killed(trial, done)
        left = len(trial.unfinished_files())
        counts = f"{len(done)} of {len(trial.videos)} done, {left} temporary files left"
        number += 1
        yield f"kill {number:3}, {when}: {counts}"
    process = trial.start()
    process.communicate()
    require(process.returncode == 0, f"the last run ended with exit code {process.returncode}")
    check_complete(trial)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(arguments.model, arguments.videos, Path(folder))
        trial.run_undisturbed()
        print(f"undisturbed: {len(trial.reference)} files in {trial.seconds:.1f} s", flush=True)
        for line in kill_repeatedly(trial, arguments.kills, arguments.seed):
            print(line, flush=True)
    print(f"{arguments.kills} kills: nothing lost, no partial file, the same bytes at the end")


if __name__ == "__main__":
    main()
