"""What the viewer shows while nothing is open: what it is for, and where to begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

WORDS = (
    "lpat finds when each action happens in a video, having learned from tags alone. "
    "Open a video and a model to see what it finds and why; or tag videos of your own, and train. "
    "Files can be dropped anywhere on the window."
)
DEMO = (
    "To try it without videos: type lpat-demo in a terminal. It makes videos and a model in the "
    "folder demo within minutes."
)
MOST_RECENT = 5
_STYLE = """
QLabel { color: #c4ccd4; }
QPushButton { color: #e6edf3; background: #262c34; border: 1px solid #4a5460; padding: 5px 12px;
  text-align: left; }
QPushButton:hover, QPushButton:focus { background: #343d48; border-color: #8b98a5; }
"""


class StartPage(QWidget):
    """Buttons that begin, and what was open last; dark in light and dark, as the video's place is.

    It lies over another widget, as large as that.
    """

    def __init__(
        self,
        over: QWidget,
        actions: Sequence[tuple[str, Callable[[], object]]],
        recent: Callable[[], Sequence[Path]],
        open_paths: Callable[[Sequence[Path]], object],
    ) -> None:
        super().__init__(over)
        self._recent, self._open = recent, open_paths
        self.setStyleSheet(_STYLE)
        frame = QVBoxLayout(over)
        frame.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.addStretch(1)
        column.addWidget(_words(WORDS))
        self.buttons = [self._button(text, call) for text, call in actions]
        for button in self.buttons:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column_of_recent = QVBoxLayout()
        column.addLayout(self._column_of_recent)
        column.addWidget(_words(DEMO))
        column.addStretch(1)
        self.recent: list[QPushButton] = []

    def show_recent(self) -> None:
        """List what was open last, as far as it is still there."""
        for button in self.recent:
            button.deleteLater()
        paths = [path for path in self._recent() if path.exists()][:MOST_RECENT]
        self.recent = [
            self._button(f"{path.name}   {path.parent}", lambda path=path: self._open([path]))
            for path in paths
        ]
        for button in self.recent:
            self._column_of_recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _button(self, text: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(text.replace("&", "&&"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # Space plays
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda _: call())
        return button


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
