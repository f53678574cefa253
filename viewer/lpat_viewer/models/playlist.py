"""The videos of a folder, one of which is open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from lpat.inputs import Input


class Playlist(QObject):
    """Inputs in order. Which one is `current` is up to whoever opens it."""

    changed = Signal()
    current_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._inputs: tuple[Input, ...] = ()
        self._current: Input | None = None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All of them."""
        return self._inputs

    @property
    def current(self) -> Input | None:
        """The open one."""
        return self._current

    def set_inputs(self, inputs: Sequence[Input]) -> None:
        """Take these; none of them is open yet."""
        self._inputs, self._current = tuple(inputs), None
        self.changed.emit()
        self.current_changed.emit()

    def set_current(self, source: Input | None) -> None:
        """Mark one as the open one."""
        if source != self._current:
            self._current = source
            self.current_changed.emit()

    def neighbour(self, step: int) -> Input | None:
        """The input so many places on; None beyond either end."""
        if self._current is None or self._current not in self._inputs:
            return self._inputs[0] if self._inputs else None
        place = self._inputs.index(self._current) + step
        return self._inputs[place] if 0 <= place < len(self._inputs) else None
