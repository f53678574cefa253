"""What is used most, as buttons under the menus; they do what the commands of that name do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QStyle, QToolBar, QWidget

from lpat_viewer.theme import standard_icon
from lpat_viewer.windows.commands import Command
from lpat_viewer.windows.parts import Parts

Pixmap = QStyle.StandardPixmap

BUTTONS: tuple[tuple[str, str, Pixmap | None], ...] = (
    ("Previous frame", "", Pixmap.SP_MediaSeekBackward),
    ("Play", "", Pixmap.SP_MediaPlay),
    ("Next frame", "", Pixmap.SP_MediaSeekForward),
    ("", "", None),
    ("Slower", "-", None),
    ("Faster", "+", None),
    ("", "", None),
    ("Loop the segment", "Loop", None),
    ("", "", None),
    ("Undo", "Undo", None),
    ("Redo", "Redo", None),
    ("", "", None),
    ("Mark as reviewed", "Reviewed", None),
    ("", "", None),
    ("Detect", "Detect", None),
)
"""Command, short text, picture; an empty command is a line between groups."""


class Toolbar(QToolBar):
    """Buttons of some commands, enabled and ticked as these are, with the speed among them."""

    def __init__(
        self, parts: Parts, commands: Sequence[Command], parent: QWidget | None = None
    ) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")  # by which its place is remembered
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._parts = parts
        self._commands = {command.text.rstrip("…"): command for command in commands}
        self.buttons: dict[str, QAction] = {}
        self.speed = QLabel()
        self.speed.setAccessibleName("Speed")
        self.speed.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.speed.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.25 x") + 8)
        for name, text, pixmap in BUTTONS:
            self._add(name, text, pixmap)
            if name == "Slower":
                self.addWidget(self.speed)
        workspace = parts.workspace
        for signal in (
            workspace.playhead.playing_changed,
            workspace.playhead.speed_changed,
            workspace.playhead.loop_changed,
            workspace.playhead.duration_changed,
            workspace.selection.changed,
            workspace.review.changed,
            workspace.video_changed,
            parts.detector.changed,
            parts.reviewing.changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Show what can be done, and what is on."""
        playhead = self._parts.workspace.playhead
        for name, action in self.buttons.items():
            command = self._commands[name]
            action.setEnabled(command.enabled())
            if command.checked is not None:
                action.setChecked(command.checked())
        has_time = playhead.duration > 0
        for name in ("Previous frame", "Play", "Next frame"):
            self.buttons[name].setEnabled(has_time)
        selected = self._parts.workspace.selection.chosen is not None
        self.buttons["Loop the segment"].setEnabled(selected or playhead.loop is not None)
        icon = Pixmap.SP_MediaPause if playhead.playing else Pixmap.SP_MediaPlay
        self.buttons["Play"].setIcon(standard_icon(self.style(), icon, self.palette()))
        self.speed.setText(f"{playhead.speed:g} x")

    def _add(self, name: str, text: str, pixmap: Pixmap | None) -> None:
        if not name:
            self.addSeparator()
            return
        command = self._commands[name]
        action = QAction(text or name, self)
        if pixmap is not None:
            action.setIcon(standard_icon(self.style(), pixmap, self.palette()))
        action.setToolTip(f"{name} ({command.keys_text})")
        action.setCheckable(command.checked is not None)
        action.triggered.connect(lambda _: self._run(command))
        self.addAction(action)
        self.buttons[name] = action

    def _run(self, command: Command) -> None:
        if command.enabled():
            command.run()
        self.refresh()
