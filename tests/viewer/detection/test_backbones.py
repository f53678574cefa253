"""Models of backbones' features in the viewer: found, brought along, or named in the window."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat.backbones.files import read_backbones
from lpat.backbones.search import Backbones
from lpat.backbones.spec import backbone_spec
from lpat.localizer import Localizer
from lpat_train.export.bundle import write_bundle
from lpat_viewer.detection.detector import Detector
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.workspace import Workspace

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_backbones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing by variable, and an empty user folder."""
    monkeypatch.delenv("LPAT_BACKBONES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def backbone(tmp_path: Path, make_backbone: Make) -> Path:
    return make_backbone(tmp_path / "rgb.onnx", name="eye")


@pytest.fixture
def model(tmp_path: Path, backbone: Path, make_model: Make) -> Path:
    return make_model(tmp_path / "model.onnx", backbone_spec(read_backbones(backbone)))


@pytest.fixture
def start(workspace: Workspace) -> Iterator[Callable[..., Detector]]:
    """Starts a detector that knows of such backbones."""
    jobs = Jobs(workspace)

    def start(*paths: Path) -> Detector:
        known = Backbones(paths, for_others=True)
        return Detector(workspace, jobs, None, "cpu", workspace, backbones=known)

    yield start
    jobs.stop()
    assert multiprocessing.active_children() == []


def run(detector: Detector, workspace: Workspace, qtbot: QtBot, video: Path, *models: Path) -> None:
    for path in models:
        detector.add_model(path)
    qtbot.waitUntil(lambda: len(detector.models) == len(models))
    workspace.set_video(video)
    qtbot.waitUntil(lambda: not detector.running)


def test_each_model_takes_the_backbones_that_it_needs(
    workspace: Workspace, start: Callable[..., Detector], qtbot: QtBot, tmp_path: Path, model: Path,
    backbone: Path, make_backbone: Make, make_model: Make, write_video: Make,
) -> None:  # fmt: skip
    flow = make_backbone(tmp_path / "flow.onnx", "flow")
    other = make_model(tmp_path / "other.onnx", backbone_spec(read_backbones(flow)))
    video = write_video(pts=range(40))
    run(start(backbone, flow), workspace, qtbot, video, model, other)
    layers = {layer.name: layer for layer in workspace.layers.all}
    assert set(layers) == {"model.onnx", "other.onnx"}
    expected = Localizer(model, "cpu", backbones=Backbones((backbone,))).scores(video)
    found = layers["model.onnx"].scores
    assert found is not None
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_a_bundle_needs_nothing_else(
    workspace: Workspace, start: Callable[..., Detector], qtbot: QtBot, tmp_path: Path, model: Path,
    backbone: Path, write_video: Make,
) -> None:  # fmt: skip
    write_bundle(model, read_backbones(backbone), tmp_path / "whole.onnx")
    backbone.unlink()
    run(start(), workspace, qtbot, write_video(pts=range(40)), tmp_path / "whole.onnx", model)
    # The model that has no backbone itself shares the bundle's features.
    assert {layer.name for layer in workspace.layers.all} == {"whole.onnx", "model.onnx"}


def test_a_missing_backbone_is_named_in_the_window(
    workspace: Workspace, start: Callable[..., Detector], qtbot: QtBot, model: Path, backbone: Path,
    write_video: Make,
) -> None:  # fmt: skip
    backbone.unlink()
    run(start(), workspace, qtbot, write_video(pts=range(40)), model)
    assert not workspace.layers.all
    notice = workspace.notices.latest
    assert notice is not None
    assert notice.text.startswith("backbone eye (rgb, SHA-256 ")
    assert "is needed and wasn't found in" in notice.text
