"""The list of results laid over each other, with the models that make them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.detection.detector import Detector
from lpat_viewer.detection.job import LoadedModel
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.level_box import LevelBox

HINT = "Add a model that lpat-export wrote: it runs on the open video."

_NAME, _FOUND = 0, 1  # columns
_STEPS = 1000


class LayersPanel(QWidget):
    """Layers and models, one a row: ticked are shown, the current one is active.

    Below, the active one's level, and how far the detector is.
    """

    def __init__(
        self, workspace: Workspace, detector: Detector, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._detector = workspace, detector
        self._items: dict[str, QTreeWidgetItem] = {}
        self._dialog: QFileDialog | None = None
        self.list = _list()
        self.level = LevelBox(workspace, move=detector.levels.move)
        self.state = QLabel()
        self.state.setAccessibleName("State of detection")
        # A long name is cut off rather than making the panel as wide; what follows it has a line.
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state.setWordWrap(True)
        self.state.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.state.setMinimumHeight(2 * self.state.fontMetrics().lineSpacing())
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of detection")
        self.progress.setTextVisible(False)
        self.add = _button("Add model…", "Load a model.onnx and run it on the open video")
        self.run = _button("Run", "Run all models on the open video")
        self.remove = _button("Remove", "Remove the current model or layer (Delete)")
        self.cancel = _button("Cancel", "Stop the models; what they found so far stays")

        self.list.currentItemChanged.connect(self._on_current_changed)
        self.list.itemChanged.connect(self._on_ticked)
        self.add.clicked.connect(self.choose_model)
        self.run.clicked.connect(detector.run)
        self.remove.clicked.connect(self._remove_current)
        self.cancel.clicked.connect(detector.cancel)
        self.level.copy_asked.connect(self.choose_copy)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.list, self._remove_current)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        workspace.layers.changed.connect(self._show_layers)
        workspace.layers.changed.connect(self._show_state)
        workspace.layers.active_changed.connect(self._show_active)
        workspace.video_changed.connect(self._show_state)
        detector.changed.connect(self._show_layers)
        detector.changed.connect(self._show_state)

        buttons = QHBoxLayout()
        for button in (self.add, self.run, self.remove):
            buttons.addWidget(button)
        buttons.addStretch()
        below = QHBoxLayout()
        below.addWidget(self.progress, 1)
        below.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.level)
        layout.addWidget(self.state)
        layout.addLayout(below)
        layout.addLayout(buttons)
        self._show_active()
        self._show_state()

    def choose_model(self) -> None:
        """Ask for model files and add them."""
        if self._dialog is None:
            self._dialog = QFileDialog(self, "Add models", "", "Models (*.onnx);;All files (*)")
            self._dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
            self._dialog.filesSelected.connect(self._add_models)
        self._dialog.open()

    def choose_copy(self) -> None:
        """Ask for a file and save the active model there with its level as it is now."""
        layer = self._workspace.layers.active
        model = next((m for m in self._detector.models if layer and m.name == layer.name), None)
        if layer is None or layer.level is None or model is None:
            return
        proposed = f"{model.path.stem}-{100 * layer.level.rate:.3g}-percent.onnx"
        name, _ = QFileDialog.getSaveFileName(
            self, "Save a copy", str(model.path.with_name(proposed)), "Models (*.onnx)"
        )
        if name:
            self._detector.save_copy(model, Path(name), layer.level)

    def _add_models(self, paths: list[str]) -> None:
        for path in paths:
            self._detector.add_model(path)

    def _show_layers(self) -> None:
        """Bring the rows up to date, leaving alone those that stay."""
        layers = {layer.name: layer for layer in self._workspace.layers.all}
        models = {model.name: model for model in self._detector.models}
        active = self._workspace.layers.active
        self.list.blockSignals(True)
        for name in [name for name in self._items if name not in layers and name not in models]:
            self.list.takeTopLevelItem(self.list.indexOfTopLevelItem(self._items.pop(name)))
        for name in [*layers, *models]:
            if name not in self._items:
                self._items[name] = QTreeWidgetItem(self.list, [name, ""])
            item = self._items[name]
            self._fill(item, layers.get(name), models.get(name))
            font = item.font(_NAME)
            font.setBold(active is not None and active.name == name)
            item.setFont(_NAME, font)
        self.list.blockSignals(False)
        self.remove.setEnabled(self.list.currentItem() is not None)

    def _show_active(self) -> None:
        """Move to the active layer's row; between, the current one may be a model without layer."""
        self._show_layers()
        active = self._workspace.layers.active
        if active is not None:
            self.list.setCurrentItem(self._items[active.name])

    def _fill(self, item: QTreeWidgetItem, layer: Layer | None, model: LoadedModel | None) -> None:
        shown = self._workspace.layers.is_shown(item.text(_NAME))
        item.setCheckState(_NAME, Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
        found = "" if layer is None else f"{len(layer.detections)}{'' if layer.complete else '…'}"
        item.setText(_FOUND, found)
        item.setTextAlignment(_FOUND, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if model is not None:
            item.setToolTip(_NAME, f"{model.path}\n{', '.join(model.classes[:20])}")

    def _show_state(self) -> None:
        detector = self._detector
        known = self._workspace.layers.all or detector.models
        self.state.setText(detector.state_text or ("" if known else HINT))
        self.state.setToolTip(detector.state_text)
        share = detector.progress
        # Nobody knows how long some videos are: then the bar only shows that something goes on.
        self.progress.setRange(0, 0 if share == 0 else _STEPS)
        self.progress.setValue(round((share or 0) * _STEPS))
        self.progress.setVisible(detector.running)
        self.cancel.setVisible(detector.running)
        self.run.setEnabled(bool(detector.models) and self._workspace.video is not None)

    def _on_current_changed(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._workspace.layers.set_active(item.text(_NAME))
        self.remove.setEnabled(item is not None)

    def _on_ticked(self, item: QTreeWidgetItem) -> None:
        shown = item.checkState(_NAME) == Qt.CheckState.Checked
        self._workspace.layers.set_shown(item.text(_NAME), shown)

    def _remove_current(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        name = item.text(_NAME)
        model = next((model for model in self._detector.models if model.name == name), None)
        if model is not None:
            self._detector.remove_model(model.path)
        else:
            self._workspace.remove_layer(name)


def _list() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setAccessibleName("Layers and models")
    tree.setHeaderLabels(["Layer", "Found"])
    tree.setRootIsDecorated(False)
    tree.setAllColumnsShowFocus(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(_FOUND, QHeaderView.ResizeMode.ResizeToContents)
    return tree


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    return button
