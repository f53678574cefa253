"""Classes as the user sees them: which are shown, in which order, in which colour."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from lpat.report.class_colours import CLASS_COLOURS, SAFE_COLOURS

COLOURS = len(CLASS_COLOURS)
"""Colours that classes have; the theme says which they are."""

Order = Literal["confidence", "name"]


@dataclass(frozen=True)
class ClassEntry:
    """A class of the open video. `found`: it has a detection or a truth, or is likely."""

    label: str
    confidence: float = 0.0  # the highest that any layer gives it
    found: bool = True


class ClassList(QObject):
    """The classes of all layers and of the truth.

    What the user hid or showed stays so from video to video; the other classes are shown where
    they are found.
    """

    changed = Signal()  # entries, order or search
    shown_changed = Signal()
    current_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: dict[str, ClassEntry] = {}
        self._colours: dict[str, int] = {}
        self._model: tuple[str, ...] = ()
        self._choices: dict[str, bool] = {}  # what the user chose, of all videos
        self._solo: str | None = None
        self._order: Order = "confidence"
        self._search = ""
        self._current: str | None = None

    def set_model(self, classes: Sequence[str]) -> None:
        """Give the classes of a model the colours that they have in its reports: by their order.

        What had one of these colours before, and isn't among them, gets another.
        """
        if (classes := tuple(classes)) == self._model:
            return
        self._model = classes
        colours = {label: number % COLOURS for number, label in enumerate(classes)}
        self._colours = colours | _new_colours(self._colours, colours)

    def set_entries(self, entries: Iterable[ClassEntry]) -> None:
        """Take the classes of another video, layer or truth."""
        self._entries = {entry.label: entry for entry in entries}
        self._colours |= _new_colours(self._entries, self._colours)
        if self._solo not in self._entries:
            self._solo = None
        self.changed.emit()
        self.shown_changed.emit()
        if self._current not in self._entries:
            self.set_current(self.listed[0] if self.listed else None)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels in the order that the user chose."""
        entries = self._entries.values()
        if self._order == "name":
            return tuple(sorted(self._entries))
        return tuple(e.label for e in sorted(entries, key=lambda e: (-e.confidence, e.label)))

    @property
    def listed(self) -> tuple[str, ...]:
        """The classes that the search finds."""
        return tuple(label for label in self.labels if self._search in label.casefold())

    @property
    def shown(self) -> tuple[str, ...]:
        """The classes that the timeline shows, in order."""
        if self._solo is not None:
            return (self._solo,)
        return tuple(label for label in self.labels if self.is_shown(label))

    def entry(self, label: str) -> ClassEntry:
        """How a class is listed and shown."""
        return self._entries[label]

    def colour(self, label: str) -> int:
        """Number below `COLOURS`, the same from video to video."""
        if label not in self._colours:
            self._colours |= _new_colours([label], self._colours)
        return self._colours[label]

    def is_shown(self, label: str) -> bool:
        """Whether a class is shown when none is solo."""
        return self._choices.get(label, self._entries[label].found)

    def set_shown(self, labels: Iterable[str], shown: bool) -> None:
        """Show or hide classes, in this video and the next ones."""
        self._choices |= dict.fromkeys(labels, shown)
        self.shown_changed.emit()

    @property
    def solo(self) -> str | None:
        """The class that is shown alone."""
        return self._solo

    def set_solo(self, label: str | None) -> None:
        """Show one class alone, or as many as before."""
        if label != self._solo:
            self._solo = label
            self.shown_changed.emit()

    @property
    def order(self) -> Order:
        """By what they are sorted: confidence, highest first, or name."""
        return self._order

    def set_order(self, order: Order) -> None:
        """Sort by confidence or name."""
        if order != self._order:
            self._order = order
            self.changed.emit()
            self.shown_changed.emit()

    def search(self, text: str) -> None:
        """List those whose label contains a text; case doesn't count."""
        if text.casefold() != self._search:
            self._search = text.casefold()
            self.changed.emit()

    @property
    def current(self) -> str | None:
        """The class that is chosen in the list, which new segments get."""
        return self._current

    def set_current(self, label: str | None) -> None:
        """Choose a class."""
        if label != self._current:
            self._current = label
            self.current_changed.emit()


def _new_colours(labels: Iterable[str], taken: dict[str, int]) -> dict[str, int]:
    """Colours of labels that have none: by their letters, and while there are free ones, distinct.

    So a class mostly has the same colour in all videos, of whatever model.
    """
    used = set(taken.values())
    colours: dict[str, int] = {}
    for label in sorted(set(labels) - set(taken)):
        first = int(hashlib.sha256(label.encode("utf-8", "surrogateescape")).hexdigest(), 16)
        others = COLOURS - SAFE_COLOURS
        candidates = [(first + step) % SAFE_COLOURS for step in range(SAFE_COLOURS)]
        candidates += [SAFE_COLOURS + (first + step) % others for step in range(others)]
        colours[label] = next((c for c in candidates if c not in used), first % COLOURS)
        used.add(colours[label])
    return colours
