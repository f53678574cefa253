"""The list of videos of an open folder, and which of them are reviewed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidget, QVBoxLayout, QWidget

from lpat.inputs import Input
from lpat_viewer.models.playlist import Playlist

REVIEWED = "\N{CHECK MARK} reviewed"


class PlaylistPanel(QWidget):
    """Videos by name, the open one chosen; Enter or a double click opens another.

    Those that are reviewed say so. A tick lists the others alone, the most uncertain first.
    """

    def __init__(
        self, playlist: Playlist, open_input: Callable[[Input], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._playlist, self._open = playlist, open_input
        self.list = QListWidget()
        self.list.setAccessibleName("Videos")
        self.list.setUniformItemSizes(True)
        self.to_review = QCheckBox("Most uncertain first, not reviewed")
        self.to_review.setToolTip(
            "Those that aren't reviewed; by how near to 0.5 a label's probability is, of the model"
        )
        self.count = QLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.list)
        column.addWidget(self.to_review)
        column.addWidget(self.count)
        self.list.itemActivated.connect(lambda item: self._open_row(self.list.row(item)))
        self.to_review.clicked.connect(playlist.set_to_review)
        playlist.changed.connect(self._fill)
        playlist.current_changed.connect(self._show_current)
        self._fill()

    def _open_row(self, row: int) -> None:
        self._open(self._playlist.listed[row])
        self._show_current()  # the user may have kept the one before

    def _fill(self) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            reviewed = self._playlist.reviewed
            self.list.addItems(
                [
                    f"{source.name}   {REVIEWED}" if source.name in reviewed else source.name
                    for source in self._playlist.listed
                ]
            )
        self.to_review.setChecked(self._playlist.to_review)
        self._show_current()

    def _show_current(self) -> None:
        listed, current = self._playlist.listed, self._playlist.current
        place = listed.index(current) if current in listed else -1
        self.list.setCurrentRow(place)
        text = f"{place + 1} of {len(listed)}" if self._playlist.inputs else "No folder is open"
        if reviewed := len(self._playlist.reviewed):
            text += f"; {reviewed} of {len(self._playlist.inputs)} reviewed"
        self.count.setText(text)
