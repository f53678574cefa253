"""The panel of layers and models: drive the models and look at it; drive it and look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem
from pytestqt.qtbot import QtBot

from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec
from lpat_viewer.detection.detector import Detector
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.layers_dock import LayersPanel

WriteVideo = Callable[..., Path]
MakeModel = Callable[..., Path]


@pytest.fixture
def detector(opened: Workspace, tmp_path: Path) -> Iterator[Detector]:
    jobs = Jobs(opened)
    yield Detector(opened, jobs, FeatureCache(tmp_path / "cache"), "cpu", opened)
    jobs.stop()


@pytest.fixture
def panel(opened: Workspace, detector: Detector, qtbot: QtBot) -> LayersPanel:
    panel = LayersPanel(opened, detector)
    qtbot.addWidget(panel)
    panel.resize(320, 260)
    panel.show()
    return panel


def rows(panel: LayersPanel) -> list[QTreeWidgetItem]:
    items = [panel.list.topLevelItem(n) for n in range(panel.list.topLevelItemCount())]
    return [item for item in items if item is not None]


def names(panel: LayersPanel) -> list[str]:
    return [item.text(0) for item in rows(panel)]


def bold(panel: LayersPanel) -> list[str]:
    return [item.text(0) for item in rows(panel) if item.font(0).bold()]


def other_layer(workspace: Workspace, name: str = "other.json") -> Layer:
    active = workspace.layers.active
    assert active is not None
    return replace(active, name=name)


def test_layers_are_listed_with_what_they_found(panel: LayersPanel, opened: Workspace) -> None:
    assert names(panel) == ["model.onnx"]
    assert rows(panel)[0].text(1) == "3"
    opened.layers.put(replace(other_layer(opened), complete=False))
    assert names(panel) == ["model.onnx", "other.json"]
    assert rows(panel)[1].text(1) == "3…"
    opened.layers.remove("model.onnx")
    assert names(panel) == bold(panel) == ["other.json"]


def test_the_current_row_is_the_active_layer(
    panel: LayersPanel, opened: Workspace, qtbot: QtBot
) -> None:
    opened.layers.put(other_layer(opened))
    assert bold(panel) == ["model.onnx"]
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert opened.layers.active is not None
    assert opened.layers.active.name == "other.json"
    assert bold(panel) == ["other.json"]
    opened.layers.set_active("model.onnx")
    current = panel.list.currentItem()
    assert current is not None
    assert current.text(0) == "model.onnx"


def test_space_hides_and_shows_a_layer(panel: LayersPanel, opened: Workspace, qtbot: QtBot) -> None:
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)
    assert not opened.layers.is_shown("model.onnx")
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)
    assert opened.layers.is_shown("model.onnx")
    opened.layers.set_shown("model.onnx", False)
    assert rows(panel)[0].checkState(0) == Qt.CheckState.Unchecked


def test_delete_takes_a_layer_away(panel: LayersPanel, opened: Workspace, qtbot: QtBot) -> None:
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert opened.layers.all == ()
    assert names(panel) == []
    assert not panel.remove.isEnabled()


def test_a_model_is_listed_before_it_has_run_and_is_removed_by_the_button(
    panel: LayersPanel, detector: Detector, qtbot: QtBot, tmp_path: Path, make_model: MakeModel
) -> None:
    detector.add_model(make_model(tmp_path / "new.onnx", default_spec()))
    qtbot.waitUntil(lambda: names(panel) == ["model.onnx", "new.onnx"])
    assert rows(panel)[1].text(1) == ""
    assert bold(panel) == ["model.onnx"]
    assert not panel.run.isEnabled(), "no video is open"
    panel.list.setCurrentItem(rows(panel)[1])
    qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert detector.models == ()
    assert names(panel) == ["model.onnx"]


def test_progress_shows_while_models_run_and_cancel_ends_it(
    panel: LayersPanel, opened: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path,
    make_model: MakeModel, long_video: Path,
) -> None:  # fmt: skip
    detector.auto = False
    detector.add_model(make_model(tmp_path / "new.onnx", default_spec()))
    opened.set_video(long_video)
    qtbot.waitUntil(panel.run.isEnabled)
    assert not panel.progress.isVisible()
    qtbot.mouseClick(panel.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.progress.value() > 0)
    assert "new.onnx: extracting features" in panel.state.text()
    qtbot.waitUntil(lambda: rows(panel)[0].text(1).endswith("…"))
    qtbot.mouseClick(panel.cancel, Qt.MouseButton.LeftButton)
    assert not panel.progress.isVisible()
    assert panel.state.text() == "cancelled"
    assert names(panel) == ["new.onnx"]


def test_chosen_files_are_added(
    panel: LayersPanel, detector: Detector, qtbot: QtBot, tmp_path: Path, make_model: MakeModel
) -> None:
    path = make_model(tmp_path / "new.onnx", default_spec())
    panel.choose_model()
    assert panel._dialog is not None
    panel._dialog.filesSelected.emit([str(path)])
    panel._dialog.close()
    qtbot.waitUntil(lambda: len(detector.models) == 1)


def test_every_control_has_a_name_for_screen_readers(panel: LayersPanel) -> None:
    for control in (panel.list, panel.level.rate, panel.progress, panel.state):
        assert control.accessibleName()
    for button in (panel.level.reset, panel.add, panel.run, panel.remove, panel.cancel):
        assert button.text()
