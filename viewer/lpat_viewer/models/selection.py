"""The segment that keys and menus act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

Kind = Literal["truth", "detection", "review"]


@dataclass(frozen=True)
class Chosen:
    """A segment of a lane. `number` is its row in the truth or in the layer, or its identity."""

    kind: Kind
    number: int
    start: float
    end: float
    label: str
    layer: str = ""  # the layer's name, of a detection


class Selection(QObject):
    """At most one segment."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chosen: Chosen | None = None

    @property
    def chosen(self) -> Chosen | None:
        """The segment, as it was when it was chosen or last moved."""
        return self._chosen

    def choose(self, chosen: Chosen | None) -> None:
        """Choose a segment, or none."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.changed.emit()
