"""The command's end: by closing the window or by Ctrl-C, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import PATIENCE

from lpat.cli.app import INTERRUPTED
from lpat.features.extractors import default_spec

PROGRAM = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
from lpat_viewer import cli
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

Settings.__init__.__defaults__ = (Path(sys.argv.pop(1)),)
make = Viewer.__init__

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

def correct(viewer):
    viewer.workspace.review.begin(())
    viewer.workspace.review.apply("Draw", [ReviewedSegment(0, 0.0, 1.0, "jump")])

def watched(viewer, *arguments, **options):
    make(viewer, *arguments, **options)
    changed = viewer.workspace.layers.changed

    def look():
        if viewer.detector.running:
            changed.disconnect(look)
            QTimer.singleShot(0, lambda: stop(viewer))

    changed.connect(look)

Viewer.__init__ = watched
"""
ASK = """
def stop(viewer):
    correct(viewer)
    interrupt()

def question(*_):
    print("asked", flush=True)
    {answer}

QMessageBox.question = question
"""


@pytest.fixture
def run(
    tmp_path: Path, write_video: Callable[..., Path], make_model: Callable[..., Path]
) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """A function that runs the command on a video and a model, and stops it as detection runs."""
    random = np.random.default_rng(0)
    pictures = (random.integers(0, 255, (120, 160, 3), np.uint8) for _ in range(150))
    video = write_video(pts=range(150), pictures=pictures)
    model = make_model(tmp_path / "model.onnx", default_spec())

    def run(stop: str) -> subprocess.CompletedProcess[str]:
        code = f"{PROGRAM}\n{stop}\ncli.main()\n"
        arguments = [str(tmp_path / "settings.ini"), str(video), "--model", str(model)]
        ended = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--no-cache"],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            # As its output is read to the end, no process of it is left once this returns.
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        lines = ended.stderr.splitlines(keepends=True)
        ended.stderr = "".join(line for line in lines if not line.startswith("This plugin "))
        return ended

    return run


Run = Callable[[str], subprocess.CompletedProcess[str]]


def test_closing_the_window_during_detection_ends_all(run: Run) -> None:
    ended = run("def stop(viewer): viewer.window.close()")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_ctrl_c_during_detection_ends_all(run: Run) -> None:
    ended = run("def stop(viewer): interrupt()")
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, "")


def test_ctrl_c_asks_for_unsaved_corrections_and_may_be_taken_back(run: Run) -> None:
    answer = """
    QTimer.singleShot(0, interrupt)
    buttons = QMessageBox.StandardButton
    QMessageBox.question = lambda *_: print("again", flush=True) or buttons.Discard
    return buttons.Cancel
    """
    ended = run(ASK.format(answer=answer))
    assert ended.stdout.split() == ["asked", "again"]
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, "")


def test_a_second_ctrl_c_asks_no_more(run: Run) -> None:
    ended = run(ASK.format(answer="interrupt()"))
    assert ended.stdout.split() == ["asked"]
    assert ended.returncode == -signal.SIGINT
