"""A training run as the viewer starts it: lpat-train, then lpat-export, in processes of their own.

All that they write goes into a temporary folder; the model gets its place when it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from lpat.errors import LpatError
from lpat.files.atomic import atomic_path

PATIENCE = 10_000
"""Milliseconds that a process that was asked to end may take, before it is killed."""

_DONE, _PARTIAL = 0, 3  # exit codes of lpat-train: all videos, or some


@dataclass(frozen=True)
class Programs:
    """How the commands are started; what follows are their arguments."""

    train: tuple[str, ...] = (sys.executable, "-m", "lpat_train.cli.train")
    export: tuple[str, ...] = (sys.executable, "-m", "lpat_train.cli.export")


@dataclass(frozen=True)
class Order:
    """What is to be trained, and where the model goes."""

    folder: Path
    tags: Path
    preset: str
    model: Path
    cache: Path | None
    features: str = "motion"
    more: tuple[str, ...] = ()  # options of lpat-train
    reviewed: Path | None = None  # a file of videos in which every instance is marked

    def train_line(self, run: Path) -> list[str]:
        """Arguments of lpat-train."""
        cache = ["--no-cache"] if self.cache is None else ["--cache", str(self.cache)]
        features = ["--features", self.features] if self.sees_appearance else []
        marks = [] if self.reviewed is None else ["--reviewed", str(self.reviewed)]
        return [
            str(self.folder), "--annotations", str(self.tags), "--output", str(run),
            "--preset", self.preset, "--skip-missing", "--progress", "json",
            *features, *cache, *marks, *self.more,
        ]  # fmt: skip

    def export_line(self, run: Path, exported: Path) -> list[str]:
        """Arguments of lpat-export: one file is all that detection needs."""
        bundle = ["--bundle"] if self.sees_appearance else []
        return [str(exported), "--run", str(run), *bundle]

    @property
    def sees_appearance(self) -> bool:
        """Whether a backbone makes features of it."""
        return self.features != "motion"


@dataclass(frozen=True)
class Stage:
    """How far it is: so many of so many videos or steps, as the name says; 0 of 0: unknown."""

    name: str
    done: int = 0
    total: int = 0
    losses: dict[str, float] = field(default_factory=dict)


_NAMES = {"features": "Features", "step": "Training", "ends": "Learning ends"}


class TrainingRun(QObject):
    """One run. `progressed` tells a `Stage` now and then; then one of the others comes, once."""

    progressed = Signal(object)  # Stage
    finished = Signal(object, str)  # the model's path, and a line on what wasn't trained on
    failed = Signal(str)  # one line; empty where it was cancelled

    def __init__(
        self, order: Order, programs: Programs | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._order, self._programs = order, programs or Programs()
        self._process: QProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cancelled = self._exporting = False
        self._lines: list[str] = []  # of stderr, for people
        self._remark = ""
        self._killing = QTimer(self, singleShot=True, interval=PATIENCE)
        self._killing.timeout.connect(self._kill)

    @property
    def running(self) -> bool:
        """Whether a process runs."""
        return self._process is not None

    def start(self) -> None:
        """Begin."""
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="lpat-", ignore_cleanup_errors=True)
        except OSError as error:
            self.failed.emit(f"temporary files can't be written ({error.strerror})")
            return
        self.progressed.emit(Stage("Starting"))
        self._run([*self._programs.train, *self._order.train_line(self._run_folder)])

    def cancel(self) -> None:
        """Ask it to end, which it soon does; what is unfinished is removed."""
        if self._process is None or self._cancelled:
            return
        self._cancelled = True
        self._killing.start()
        if os.name == "nt":
            self._process.kill()
        elif self._process.state() == QProcess.ProcessState.Running:
            # As Ctrl-C: the command ends its own workers.
            os.kill(self._process.processId(), signal.SIGINT)

    def stop(self) -> None:
        """Cancel it, and wait until it has ended."""
        process = self._process
        self.cancel()
        if process is not None and not process.waitForFinished(PATIENCE):
            self._kill()
            process.waitForFinished(PATIENCE)

    @property
    def _run_folder(self) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / "run"

    @property
    def _exported(self) -> Path:
        return self._run_folder.with_name("model.onnx")

    def _run(self, words: Sequence[str]) -> None:
        self._lines = []
        process = QProcess(self)
        process.setProgram(words[0])
        process.setArguments(list(words[1:]))
        process.setStandardOutputFile(QProcess.nullDevice())
        process.setReadChannel(QProcess.ProcessChannel.StandardError)
        process.readyReadStandardError.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start(QProcess.OpenModeFlag.ReadOnly)

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            self._take(bytes(process.readLine().data()).decode(errors="replace").strip())

    def _take(self, line: str) -> None:
        stage = _stage_of(line)
        if stage is not None:
            self.progressed.emit(stage)
        elif line:
            self._lines = [*self._lines[-20:], line]

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._end()
            self.failed.emit(f"training can't be started: {reason}")

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process, good = self._process, (_DONE,) if self._exporting else (_DONE, _PARTIAL)
        if process is None:
            return
        self._read()
        self._take(bytes(process.readAllStandardError().data()).decode(errors="replace").strip())
        crashed = status == QProcess.ExitStatus.CrashExit
        if self._cancelled:
            self._end()
            self.failed.emit("")
        elif crashed or code not in good:
            reason = "the process was killed" if crashed else f"exit code {code}"
            line = _error_in(self._lines) or reason
            self._end()
            self.failed.emit(line)
        elif not self._exporting:
            failures = [line for line in self._lines if line.startswith("failed: ")]
            self._remark = failures[0] if failures else ""
            if len(failures) > 1:
                self._remark += f" (and {len(failures) - 1} more)"
            self._export(process)
        else:
            self._put_model()

    def _export(self, before: QProcess) -> None:
        before.deleteLater()
        self._exporting = True
        self.progressed.emit(Stage("Exporting"))
        words = self._order.export_line(self._run_folder, self._exported)
        self._run([*self._programs.export, *words])

    def _put_model(self) -> None:
        model = self._order.model
        try:
            with atomic_path(model) as temporary:
                shutil.copyfile(self._exported, temporary)
        except LpatError as error:
            self._end()
            self.failed.emit(str(error))
        else:
            self._end()
            self.finished.emit(model, self._remark)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _end(self) -> None:
        self._killing.stop()
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _stage_of(line: str) -> Stage | None:
    """What a line of progress says; None of any other line."""
    if not line.startswith("{"):
        return None
    try:
        said: Any = json.loads(line)
        return Stage(
            _NAMES[said["event"]], int(said["done"]), int(said["total"]),
            {str(name): float(value) for name, value in said.get("losses", {}).items()},
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _error_in(lines: Sequence[str]) -> str:
    """The reason that a command gave on its last lines, without its name."""
    said = [line for line in lines if ": error: " in line]
    line = said[-1] if said else (lines[-1] if lines else "")
    return line.partition(": error: ")[2] or line
