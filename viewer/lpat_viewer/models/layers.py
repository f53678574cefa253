"""Results laid over each other: what models and detections files say of the open video."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from lpat.types import Detections, Scores
from lpat_viewer.models.levels import Level


@dataclass(frozen=True, eq=False)
class Layer:
    """What one model or one detections file says; while a model is still at it, what it has so far.

    `scores` are None where only detections are known, `level` where there is none to move.
    """

    name: str  # unique: the file's, with as much of its path as tells it from others
    detections: Detections
    scores: Scores | None = None
    complete: bool = True
    level: Level | None = None


class Layers(QObject):
    """Layers in the order they came; one of them is active: its curves show, it is corrected."""

    changed = Signal()  # layers, which are shown, or what is in them
    active_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: dict[str, Layer] = {}
        self._hidden: set[str] = set()
        self._rates: dict[str, float] = {}  # of false alarms, where the user moved a level
        self._active: str | None = None

    @property
    def all(self) -> tuple[Layer, ...]:
        """All layers."""
        return tuple(self._layers.values())

    @property
    def shown(self) -> tuple[Layer, ...]:
        """The layers that the timeline shows."""
        return tuple(layer for layer in self.all if layer.name not in self._hidden)

    @property
    def active(self) -> Layer | None:
        """The layer whose curves show."""
        return None if self._active is None else self._layers[self._active]

    def put(self, layer: Layer) -> None:
        """Add a layer, or take it for the one of that name; the first is active.

        Its level is where the user moved it.
        """
        rate = self._rates.get(layer.name)
        if layer.level is not None and rate not in (None, layer.level.rate):
            layer = _moved(layer, layer.level.at(rate))
        self._layers[layer.name] = layer
        if self._active is None:
            self._active = layer.name
        self.changed.emit()
        if self._active == layer.name:
            self.active_changed.emit()

    def remove(self, name: str) -> None:
        """Take a layer away; the next one becomes active."""
        del self._layers[name]
        self._hidden.discard(name)
        self._rates.pop(name, None)
        if self._active == name:
            self._active = next(iter(self._layers), None)
            self.active_changed.emit()
        self.changed.emit()

    def clear(self) -> None:
        """Take all away."""
        if self._layers:
            self._layers.clear()
            self._active = None
            self.active_changed.emit()
            self.changed.emit()

    def is_shown(self, name: str) -> bool:
        """Whether a layer is shown."""
        return name not in self._hidden

    def set_shown(self, name: str, shown: bool) -> None:
        """Show or hide a layer, and that of the same name of the next videos."""
        if shown != self.is_shown(name):
            self._hidden ^= {name}
            self.changed.emit()

    def move_level(self, name: str, rate: float | None) -> None:
        """Have a layer's level begin at another rate of false alarms, None: at the model's own.

        So does that of the same name of the next videos. A layer without a level stays as it is.
        """
        layer = self._layers[name]
        if layer.level is None:
            return
        level = layer.level.at(layer.level.own if rate is None else rate)
        if level.rate != layer.level.rate:
            self.take_level(name, level, level.results())
        if rate is None:
            self._rates.pop(name, None)
        else:
            self._rates[name] = level.rate

    def take_level(self, name: str, level: Level, results: tuple[Scores, Detections]) -> None:
        """Have a layer show what its level, which was moved, gives."""
        self._rates[name] = level.rate
        scores, detections = results
        layer = self._layers[name]
        self.put(replace(layer, scores=scores, detections=detections, level=level))

    def set_active(self, name: str) -> None:
        """Choose the layer whose curves show."""
        if name != self._active and name in self._layers:
            self._active = name
            self.active_changed.emit()


def _moved(layer: Layer, level: Level) -> Layer:
    scores, detections = level.results()
    return replace(layer, scores=scores, detections=detections, level=level)
