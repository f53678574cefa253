"""The list of videos of an open folder."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QLabel, QListWidget, QVBoxLayout, QWidget

from lpat.inputs import Input
from lpat_viewer.models.playlist import Playlist


class PlaylistPanel(QWidget):
    """Videos by name, the open one chosen; Enter or a double click opens another."""

    def __init__(
        self, playlist: Playlist, open_input: Callable[[Input], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._playlist, self._open = playlist, open_input
        self.list = QListWidget()
        self.list.setAccessibleName("Videos")
        self.list.setUniformItemSizes(True)
        self.count = QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.list)
        column.addWidget(self.count)
        self.list.itemActivated.connect(lambda item: self._open_row(self.list.row(item)))
        playlist.changed.connect(self._fill)
        playlist.current_changed.connect(self._show_current)
        self._fill()

    def _open_row(self, row: int) -> None:
        self._open(self._playlist.inputs[row])
        self._show_current()  # the user may have kept the one before

    def _fill(self) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems([source.name for source in self._playlist.inputs])
        self._show_current()

    def _show_current(self) -> None:
        inputs, current = self._playlist.inputs, self._playlist.current
        place = inputs.index(current) if current in inputs else -1
        self.list.setCurrentRow(place)
        self.count.setText(f"{place + 1} of {len(inputs)}" if inputs else "No folder is open")
