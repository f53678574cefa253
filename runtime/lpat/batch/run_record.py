"""`run.json`: how far a batch has come, true at every moment."""

from __future__ import annotations

import importlib
import json
import os
import platform
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from lpat._version import __version__
from lpat.errors import LpatError, OutputError
from lpat.files.atomic import remove_abandoned, takes_no_more, write_text
from lpat.files.folders import claim_folder
from lpat.files.json_files import json_line, json_text
from lpat.files.locks import locked_folder
from lpat.inputs import Input

Status = Literal["done", "partial", "failed", "skipped"]
STATUSES: tuple[Status, ...] = get_args(Status)

UNCHANGED = "unchanged"
"""Why an input is skipped whose results are there already."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input. The `reason` says why it isn't plainly done."""

    name: str
    path: str
    status: Status
    reason: str | None = None
    duration: float | None = None
    detections: int | None = None  # None where none are known
    decode_failures: int = 0
    provider: str | None = None  # where the network ran, if not in this process
    from_cache: bool = False  # its features were there already
    notes: tuple[str, ...] = ()  # what is worth knowing but no failure
    seconds: Mapping[str, float] = field(default_factory=dict)  # time that each step took

    @property
    def is_unchanged(self) -> bool:
        """Whether it was skipped for its results are there already."""
        return self.status == "skipped" and (self.reason or "").startswith(UNCHANGED)

    def document(self) -> dict[str, Any]:
        """Its JSON value, without what doesn't apply."""
        values = asdict(self)
        empty = [name for name, value in values.items() if value in (None, False, (), {})]
        return {name: value for name, value in values.items() if name not in empty} | {
            "decode_failures": self.decode_failures
        }


def failure(source: Input, error: Exception | str) -> Outcome:
    """The outcome of an input that could not be worked on."""
    return Outcome(source.name, str(source.path), "failed", str(error))


OnError = Literal["skip", "stop"]

NAME = "run.json"
LEAST_INTERVAL = 2.0
"""Seconds between two writings of the file while the batch goes on."""

LARGEST_SHARE = 1 / 20
"""Of the batch's time, what writing the file may take: a long one is written less often."""


class RunRecord:
    """The outcomes of a batch so far, kept in `folder/run.json` while the `with` block runs.

    The file is written at the start, now and then, and at the end. It says `"complete": true` only
    once every input has come to something, and otherwise, where it can still be said, what
    stopped the batch. A disk that takes no more ends the block, and is what `stopped` then says.
    """

    def __init__(
        self,
        folder: Path,
        inputs: Sequence[Input],
        facts: Mapping[str, Any],
        *,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.counts: Counter[Status] = Counter()
        self.stopped: str | None = None  # why the batch ended before its end
        self.unchanged = 0  # of those skipped: their results were there already
        self.seconds: defaultdict[str, float] = defaultdict(float)  # of each step, all inputs
        self.total = len(inputs)
        self._path = folder / NAME
        self._facts = facts
        self._on_outcome = on_outcome
        self._places = {source.name: place for place, source in enumerate(inputs)}
        self._lines: list[str | None] = [None] * len(inputs)
        self._started = time.time()
        self._next_writing = 0.0

    @property
    def pending(self) -> int:
        """Inputs of which nothing has become yet."""
        return self.total - self.counts.total()

    def summary(self) -> str:
        """The counts in words: "3 done, 2 failed, 1 unchanged"."""
        words = [(self.counts[status], status) for status in STATUSES if status != "skipped"]
        left = self.counts["skipped"] - self.unchanged
        words += [(self.unchanged, "unchanged"), (left, "left")]
        return ", ".join(f"{count} {word}" for count, word in words if count) or "none done"

    def outcomes(self) -> Iterator[Outcome]:
        """What became of the inputs so far, in their order."""
        for line in self._lines:
            if line is not None:
                yield Outcome(**json.loads(line))

    def __enter__(self) -> Self:
        self._write()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None and self.stopped is None:
            self._write(ended=True)
            return False
        if error is not None:
            self.stopped = _why(error)
        with suppress(OutputError):  # the disk may be what failed; the file stays as it was
            self._write(ended=True)
        return isinstance(error, OutputError) and takes_no_more(error)

    def record(self, outcome: Outcome) -> None:
        """Enter the outcome of an input, and tell whoever follows."""
        self._lines[self._places[outcome.name]] = json_line(outcome.document())
        self.counts[outcome.status] += 1
        self.unchanged += outcome.is_unchanged
        for step, seconds in outcome.seconds.items():
            self.seconds[step] += seconds
        if self._on_outcome is not None:
            self._on_outcome(outcome)
        if time.monotonic() >= self._next_writing:
            self._write()

    def record_all(
        self, outcomes: Generator[Outcome, None, None], inputs: Sequence[Input], on_error: OnError
    ) -> None:
        """Enter outcomes as they come; with "stop" the first failure skips what isn't done yet."""
        with closing(outcomes):
            for outcome in outcomes:
                self.record(outcome)
                if outcome.status == "failed" and on_error == "stop":
                    self.stopped = f"{outcome.name} failed"
                    break
        if self.stopped is None:
            return
        for source in inputs:
            if self._lines[self._places[source.name]] is None:
                reason = f"left, as {self.stopped}"
                self.record(Outcome(source.name, str(source.path), "skipped", reason))

    def _write(self, ended: bool = False) -> None:
        """Write the file: one line for each input, so that it costs little and can be searched."""
        begun = time.monotonic()
        facts = {
            "complete": ended and self.stopped is None and not self.pending,
            "stopped": self.stopped,
            "counts": {**self.counts, "pending": self.pending, "total": self.total},
            "started": _clock(self._started),
            "written": _clock(time.time()),
            "seconds": round(time.time() - self._started, 3),
            "step_seconds": {step: round(value, 3) for step, value in self.seconds.items()},
            **self._facts,
        }
        head = json_text(facts).removesuffix("\n}\n")
        lines = ",\n  ".join(line for line in self._lines if line is not None)
        write_text(self._path, f'{head},\n "inputs": [\n  {lines}\n ]\n}}\n')
        now = time.monotonic()
        self._next_writing = now + max(LEAST_INTERVAL, (now - begun) / LARGEST_SHARE)


def facts_of_run(command: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's results may depend on: the program, its options, the machine, versions."""
    return {
        "command": command,
        "options": dict(options),
        "host": platform.node(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "versions": {
            "lpat": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in ("onnxruntime", "av", "numpy")},
        },
    }


def _version(module: str) -> str | None:
    try:
        return importlib.import_module(module).__version__
    except ImportError:
        return None


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds))


def _why(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return str(error) if isinstance(error, LpatError) else f"{type(error).__name__}: {error}"


_SUBFOLDERS = ("videos", "clips")


@contextmanager
def batch_folder(folder: Path) -> Iterator[None]:
    """The folder is made, locked, and freed of what processes that died had begun to write.

    Raises:
        OutputError: it can't be written, or another process is writing into it.
    """
    claim_folder(folder)
    with locked_folder(folder):
        remove_abandoned(folder)
        for name in _SUBFOLDERS:
            for below, _, _ in os.walk(folder / name):
                remove_abandoned(Path(below))
        yield
