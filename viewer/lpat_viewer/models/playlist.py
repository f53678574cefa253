"""The videos of a folder, one of which is open, and which of them are still to be reviewed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from lpat.inputs import Input
from lpat_viewer.models.uncertainty import uncertainty


class Playlist(QObject):
    """Inputs in order. Which one is `current` is up to whoever opens it.

    With `to_review` those are listed that aren't reviewed, of which a model is least certain first.
    """

    changed = Signal()
    current_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._inputs: tuple[Input, ...] = ()
        self._current: Input | None = None
        self._reviewed: frozenset[str] = frozenset()
        self._probabilities: Mapping[str, Mapping[str, float]] = {}
        self._to_review = False
        self._listed: tuple[Input, ...] = ()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All of them."""
        return self._inputs

    @property
    def listed(self) -> tuple[Input, ...]:
        """Those that are listed, in order; the current one is among them."""
        return self._listed

    @property
    def reviewed(self) -> frozenset[str]:
        """Names of those that are reviewed."""
        return self._reviewed

    @property
    def to_review(self) -> bool:
        """Whether those are listed that aren't reviewed yet, the most uncertain first."""
        return self._to_review

    @property
    def probabilities(self) -> Mapping[str, Mapping[str, float]]:
        """The probabilities that a model gives the labels of each, as far as it has looked."""
        return self._probabilities

    @property
    def current(self) -> Input | None:
        """The open one."""
        return self._current

    def set_inputs(self, inputs: Sequence[Input]) -> None:
        """Take these; none of them is open yet."""
        self._inputs, self._current = tuple(inputs), None
        self._probabilities, self._reviewed = {}, frozenset()
        self._list()
        self.current_changed.emit()

    def set_current(self, source: Input | None) -> None:
        """Mark one as the open one."""
        if source != self._current:
            self._current = source
            if self._to_review:  # the one before may be reviewed by now
                self._list()
            self.current_changed.emit()

    def set_reviewed(self, names: Collection[str]) -> None:
        """Say which are reviewed."""
        if names != self._reviewed:
            self._reviewed = frozenset(names)
            self._list()

    def set_to_review(self, to_review: bool) -> None:
        """List those that aren't reviewed, the most uncertain first, or all in their order."""
        if to_review != self._to_review:
            self._to_review = to_review
            self._list()

    def set_probabilities(self, probabilities: Mapping[str, Mapping[str, float]]) -> None:
        """Take what a model says of each video, by name."""
        self._probabilities = probabilities
        if self._to_review:
            self._list()

    def _list(self) -> None:
        self._listed = self._inputs
        if self._to_review:
            left = [
                source
                for source in self._inputs
                if source.name not in self._reviewed or source == self._current
            ]
            says = self._probabilities
            left.sort(key=lambda source: uncertainty(says.get(source.name, {})))
            self._listed = tuple(left)
        self.changed.emit()

    def neighbour(self, step: int) -> Input | None:
        """The input so many places on in the list; None beyond either end."""
        listed = self._listed
        if self._current is None or self._current not in listed:
            return listed[0] if listed else None
        place = listed.index(self._current) + step
        return listed[place] if 0 <= place < len(listed) else None
