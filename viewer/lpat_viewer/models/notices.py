"""Lines for the user: what went wrong, what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

Kind = Literal["error", "warning", "note"]

MOST_LINES = 20
"""Of those that aren't dismissed, the oldest are forgotten."""


@dataclass(frozen=True)
class Notice:
    """One line."""

    text: str
    kind: Kind = "note"


class Notices(QObject):
    """Lines that the user hasn't dismissed. The latest shows; a note gives way to what follows."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[Notice] = []

    @property
    def latest(self) -> Notice | None:
        """The line to be shown."""
        return self._lines[-1] if self._lines else None

    @property
    def earlier(self) -> int:
        """How many lines are shown once that one is dismissed."""
        return max(len(self._lines) - 1, 0)

    def tell(self, text: str, kind: Kind = "note") -> None:
        """Show a line, before those that aren't dismissed yet; one that is among them moves up."""
        notice = Notice(" ".join(text.split()), kind)
        kept = [line for line in self._lines if line.kind != "note" and line != notice]
        self._lines = [*kept[1 - MOST_LINES :], notice]
        self.changed.emit()

    def error(self, text: str) -> None:
        """Show what went wrong."""
        self.tell(text, "error")

    def dismiss(self) -> None:
        """Show the line before, if there is one."""
        if self._lines:
            del self._lines[-1]
            self.changed.emit()
