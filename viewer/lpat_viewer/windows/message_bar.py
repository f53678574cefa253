"""The line under the menu that says what went wrong or was done."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStyle, QToolButton, QWidget

from lpat_viewer.models.notices import Notices

NOTE_MILLISECONDS = 6000
"""How long a note stays; errors and warnings stay until they are dismissed."""

_ICONS = {
    "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
    "note": QStyle.StandardPixmap.SP_MessageBoxInformation,
}


class MessageBar(QWidget):
    """The latest notice, with a button that dismisses it; hidden while there is none."""

    def __init__(self, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._earlier = QLabel()
        close = QToolButton()
        close.setText("Dismiss")
        close.setToolTip("Dismiss this message (Esc)")
        close.setAccessibleName("Dismiss the message")
        close.clicked.connect(notices.dismiss)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        for widget in (self._icon, self._text, self._earlier, close):
            row.addWidget(widget)
        self._timer = QTimer(self, singleShot=True, interval=NOTE_MILLISECONDS)
        self._timer.timeout.connect(notices.dismiss)
        notices.changed.connect(self._show_latest)
        self._show_latest()

    @property
    def text(self) -> str:
        """The line that is shown."""
        return self._text.text()

    def _show_latest(self) -> None:
        notice = self._notices.latest
        self._timer.stop()
        self.setVisible(notice is not None)
        if notice is None:
            return
        size = self.fontMetrics().height()
        self._icon.setPixmap(self.style().standardIcon(_ICONS[notice.kind]).pixmap(size, size))
        self._text.setText(notice.text)
        earlier = self._notices.earlier
        self._earlier.setText(f"{earlier} more" if earlier else "")
        self._text.setAccessibleName(f"{notice.kind}: {notice.text}")
        if notice.kind == "note":
            self._timer.start()
