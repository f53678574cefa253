"""What the mouse does on every row of the timeline: zoom, pan, seek, hover."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from lpat_viewer.models.playhead import Playhead
from lpat_viewer.models.time_range import TimeRange
from lpat_viewer.timeline.scale import TimeScale

ZOOM_OF_A_NOTCH = 0.8


class Navigation(QObject):
    """Listens to a widget, as its event filter.

    The wheel zooms at the cursor, and pans where it is tilted or Shift is held; dragging pans; a
    click seeks. With `scrubbing`, pressing and dragging seek at once. A filter that is installed
    later is asked first, so a row with tools of its own can keep events from this one.
    """

    hovered = Signal(object)  # seconds, or None once the cursor has left

    def __init__(
        self,
        widget: QWidget,
        scale: Callable[[], TimeScale],
        time_range: TimeRange,
        playhead: Playhead,
        *,
        scrubbing: bool = False,
    ) -> None:
        super().__init__(widget)
        self._scale, self._range, self._playhead = scale, time_range, playhead
        self._scrubbing = scrubbing
        self._pressed: QPointF | None = None
        self._dragged_from: float | None = None  # x of the last move, once it is a drag
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt's: whether the event was ours."""
        match event.type():
            case QEvent.Type.Wheel if isinstance(event, QWheelEvent):
                return self._wheel(event)
            case QEvent.Type.MouseButtonPress if isinstance(event, QMouseEvent):
                return self._press(event)
            case QEvent.Type.MouseMove if isinstance(event, QMouseEvent):
                return self._move(event)
            case QEvent.Type.MouseButtonRelease if isinstance(event, QMouseEvent):
                return self._release(event)
            case QEvent.Type.Leave:
                self.hovered.emit(None)
        return False

    def _wheel(self, event: QWheelEvent) -> bool:
        scale, notches = self._scale(), event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False  # left to rows that scroll
        sideways = notches.x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways = sideways or notches.y()
        if sideways:
            self._range.pan(-sideways / 120 * 0.1 * self._range.length)
        elif notches.y():
            at = scale.time(min(max(event.position().x(), scale.left), scale.left + scale.width))
            self._range.zoom(ZOOM_OF_A_NOTCH ** (notches.y() / 120), at)
        return True

    def _press(self, event: QMouseEvent) -> bool:
        place = event.position()
        if event.button() != Qt.MouseButton.LeftButton or not self._scale().contains(place.x()):
            return False
        self._pressed = place
        if self._scrubbing:
            self._playhead.seek(self._scale().time(place.x()))
        return True

    def _move(self, event: QMouseEvent) -> bool:
        scale, x = self._scale(), event.position().x()
        self.hovered.emit(scale.time(x) if scale.contains(x) else None)
        if self._pressed is None:
            return False
        if self._scrubbing:
            self._playhead.seek(scale.time(x))
            return True
        if self._dragged_from is None:
            if abs(x - self._pressed.x()) < QApplication.startDragDistance():
                return True
            self._dragged_from = self._pressed.x()
        self._range.pan((self._dragged_from - x) * scale.seconds_per_pixel)
        self._dragged_from = x
        return True

    def _release(self, event: QMouseEvent) -> bool:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        if self._dragged_from is None and not self._scrubbing:
            self._playhead.seek(self._scale().time(self._pressed.x()))
        self._pressed = self._dragged_from = None
        return True


class Hover(QObject):
    """The time under the cursor, on whichever row it is."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._time: float | None = None

    @property
    def time(self) -> float | None:
        """Seconds; None while the cursor is elsewhere."""
        return self._time

    def set_time(self, time: float | None) -> None:
        """Take the cursor to be there."""
        if time != self._time:
            self._time = time
            self.changed.emit()

    def follow(self, navigation: Navigation) -> None:
        """Take the cursor's times from a row."""
        navigation.hovered.connect(self.set_time)
