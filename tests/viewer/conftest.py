"""Models and windows for the viewer's tests; a leftover thread or a Qt warning fails a test."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from tests.waiting import PATIENCE

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.segments.detect import detect
from lpat.segments.post_processing import PostProcessing
from lpat.types import Scores
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace


@pytest.fixture(autouse=True)
def no_leftover_threads() -> Iterator[None]:
    """Every thread that a test starts has ended with it."""
    before = set(threading.enumerate())
    yield
    # A QThreadPool's thread that ran Python stays known as a dummy until it ends: not one of ours.
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        if thread.is_alive() and not isinstance(thread, threading._DummyThread)  # type: ignore[attr-defined]
    ]
    assert not left, f"threads left running: {left}"


MILLISECONDS = round(1000 * PATIENCE)


class PatientBot(QtBot):
    """Waits longer than pytest-qt's five seconds for what a busy machine may be slow with."""

    def waitUntil(  # noqa: N802 - pytest-qt's name
        self, callback: Callable[[], bool | None], *, timeout: int = MILLISECONDS
    ) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(  # noqa: N802 - pytest-qt's name
        self, signal: Any, *, timeout: int = MILLISECONDS, **options: Any
    ) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """The user of the tests, who is patient."""
    return PatientBot(request)


@pytest.fixture
def workspace(qtbot: QtBot) -> Workspace:
    """Models with nothing open."""
    return Workspace()


@pytest.fixture
def scores() -> Scores:
    """A minute of two classes: `jump` above the threshold in [10, 20) and [40, 44), `run` in
    [30, 35), with snippets of half a second and probabilities 0.6, 0.3, 0.1 (background)."""
    times = np.arange(120) / 2
    jump = np.where(((times >= 10) & (times < 20)) | ((times >= 40) & (times < 44)), 1.0, -1.0)
    run = np.where((times >= 30) & (times < 35), 1.0, -1.0)
    return Scores(
        ("jump", "run"),
        np.stack([jump, run], axis=1).astype(np.float32),
        np.zeros(120, np.float32),
        np.array([0.6, 0.3, 0.1], np.float32),
        np.arange(121) / 2,
    )


@pytest.fixture
def truth() -> VideoAnnotation:
    """`jump` in [10, 19) and [50, 55), `run` in [31, 35)."""
    return VideoAnnotation(
        "video", "test", 60.0, ("jump", "run"),
        np.array([[10.0, 19.0], [31.0, 35.0], [50.0, 55.0]]), ("jump", "run", "jump"),
    )  # fmt: skip


@pytest.fixture
def opened(workspace: Workspace, scores: Scores) -> Workspace:
    """Models with a minute's video and a layer `model.onnx` of all classes; no file behind it."""
    workspace.playhead.set_duration(60.0)
    options = PostProcessing(class_selection="all")
    workspace.layers.put(Layer("model.onnx", detect(scores, options), scores))
    return workspace


@pytest.fixture
def judged(workspace: Workspace, scores: Scores, truth: VideoAnnotation) -> Workspace:
    """Detections at 10 (hit), 30 (hit) and 40 (false alarm); truths at 10, 31 and 50 (missed)."""
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(60.0)
    workspace.set_annotations(Annotations(Path("annotations.json"), (truth,)))
    layer = Layer("model.onnx", detect(scores, PostProcessing(class_selection="all")), scores)
    workspace.layers.put(layer)
    return workspace
