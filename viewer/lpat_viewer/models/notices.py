"""Lines for the user: what went wrong, what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

Kind = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Notice:
    """One line."""

    text: str
    kind: Kind = "note"


class Notices(QObject):
    """The latest line; views show it until it is dismissed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest: Notice | None = None

    @property
    def latest(self) -> Notice | None:
        """The line to be shown."""
        return self._latest

    def tell(self, text: str, kind: Kind = "note") -> None:
        """Show a line in place of the one before."""
        self._latest = Notice(" ".join(text.split()), kind)
        self.changed.emit()

    def error(self, text: str) -> None:
        """Show what went wrong."""
        self.tell(text, "error")

    def dismiss(self) -> None:
        """Show none."""
        if self._latest is not None:
            self._latest = None
            self.changed.emit()
