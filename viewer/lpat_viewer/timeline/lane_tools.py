"""What the mouse does on lanes: choose, resize, move, draw, and the menu of a segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu

from lpat_viewer.models import editing
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.scale import GUTTER

if TYPE_CHECKING:
    from lpat_viewer.timeline.lanes import LanesView

Action = Literal["start", "end", "move", "draw"]

EDGE_DRAG = 2  # pixels from which on holding an end moves it


@dataclass(frozen=True)
class _Drag:
    """What is dragged: `before` as it was, `now` as it would be if let go here.

    Meanwhile the playhead goes with what is held, so that the video shows its frame.
    """

    action: Action
    pressed: QPointF
    before: ReviewedSegment
    now: ReviewedSegment
    time: float  # of the playhead when it began
    begun: bool = False


class LaneTools(QObject):
    """Listens to the lanes before their navigation does.

    A click chooses a segment, and seeks as a click does everywhere; a double click loops it, or
    ends the loop beside it. In the review an end is dragged to resize and the middle to move. With
    Shift or in draw mode, dragging draws in the row of a class. Escape drops what is dragged.
    """

    def __init__(self, view: LanesView, workspace: Workspace, corrections: Corrections) -> None:
        super().__init__(view)
        self._view, self._workspace, self._corrections = view, workspace, corrections
        self._drag: _Drag | None = None
        self._drawing = False
        self._menu: QMenu | None = None
        self._listeners: dict[QEvent.Type, Callable[[Any], bool]] = {
            QEvent.Type.MouseButtonPress: self._press,
            QEvent.Type.MouseMove: self._move,
            QEvent.Type.MouseButtonRelease: self._release,
            QEvent.Type.MouseButtonDblClick: self._double_click,
            QEvent.Type.ContextMenu: self._context_menu,
            QEvent.Type.ShortcutOverride: self._key,
            QEvent.Type.KeyPress: self._key,
            QEvent.Type.Wheel: self._wheel,
        }
        view.installEventFilter(self)

    @property
    def drawing(self) -> bool:
        """Whether dragging draws without Shift."""
        return self._drawing

    def set_drawing(self, drawing: bool) -> None:
        """Let dragging draw, or pan as elsewhere."""
        self._drawing = drawing
        self._view.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt's: whether the event was ours."""
        listener = self._listeners.get(event.type())
        return listener is not None and listener(event)

    def _press(self, event: QMouseEvent) -> bool:
        place = event.position()
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        row = self._view.row_at(place)
        if row is not None and place.x() < GUTTER:
            self._workspace.classes.set_current(row.label)
            return True
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if row is not None and (shift or self._drawing) and self._view.scale.contains(place.x()):
            time = self._view.scale.time(place.x())
            drawn = ReviewedSegment(-1, time, time, row.label)
            self._drag = _Drag("draw", place, drawn, drawn, self._workspace.playhead.time)
            return True
        hit = self._view.hit(place)
        if hit is None:
            self._workspace.selection.choose(None)
            return False
        self._workspace.selection.choose(hit.chosen)
        segment = self._corrections.segment
        if hit.chosen.kind != "review" or segment is None:
            return False
        time = self._workspace.playhead.time
        self._drag = _Drag(hit.edge or "move", place, segment, segment, time)
        return True

    def _move(self, event: QMouseEvent) -> bool:
        place, drag = event.position(), self._drag
        if drag is None:
            if not event.buttons():
                self._show_cursor(place)
            return False
        along = abs(place.x() - drag.pressed.x())
        least = QApplication.startDragDistance() if drag.action == "move" else EDGE_DRAG
        if drag.begun or along >= least:
            self._drag = replace(drag, now=self._dragged(drag, place.x()), begun=True)
            self._view.set_preview(self._drag.now)
            self._workspace.playhead.seek(self._held_time(self._drag, place.x()))
        self._view.navigation.hovered.emit(self._view.scale.time(place.x()))
        return True

    def _release(self, event: QMouseEvent) -> bool:
        drag = self._drag
        if drag is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        self._let_go()
        if not drag.begun:
            self._workspace.playhead.seek(self._view.scale.time(drag.pressed.x()))
        elif drag.action == "draw":
            self._corrections.draw(drag.now.start, drag.now.end, drag.now.label)
        elif drag.action == "move":
            self._corrections.nudge(drag.now.start - drag.before.start)
        elif drag.action == "start":
            self._corrections.resize(start=drag.now.start)
        else:
            self._corrections.resize(end=drag.now.end)
        return True

    def cancel(self) -> None:
        """Drop what is dragged, and go back to the time before."""
        if self._drag is not None:
            self._workspace.playhead.seek(self._drag.time)
            self._let_go()

    def _let_go(self) -> None:
        self._drag = None
        self._view.set_preview(None)

    def _dragged(self, drag: _Drag, x: float) -> ReviewedSegment:
        scale, segment, duration = self._view.scale, drag.before, self._corrections.duration
        seconds = (x - drag.pressed.x()) * scale.seconds_per_pixel
        segments, which = (segment,), segment.identity
        match drag.action:
            case "move":
                (moved,) = editing.move(segments, which, seconds, duration)
            case "draw":
                ends = sorted((segment.start, scale.time(x)))
                start, end = editing.clamp(ends[0], ends[1], duration)
                return replace(segment, start=start, end=end)
            case _:
                start = segment.start + seconds if drag.action == "start" else None
                end = segment.end + seconds if drag.action == "end" else None
                (moved,) = editing.resize(segments, which, start=start, end=end, duration=duration)
        return moved

    def _held_time(self, drag: _Drag, x: float) -> float:
        match drag.action:
            case "end":
                return drag.now.end
            case "draw" if self._view.scale.time(x) > drag.before.start:
                return drag.now.end
            case _:
                return drag.now.start

    def _double_click(self, event: QMouseEvent) -> bool:
        place, playhead = event.position(), self._workspace.playhead
        if event.button() != Qt.MouseButton.LeftButton or place.x() < GUTTER:
            return False
        hit = self._view.hit(place)
        if hit is None:
            playhead.set_loop(None)
            return True
        self._workspace.selection.choose(hit.chosen)
        playhead.seek(hit.chosen.start)
        playhead.set_loop((hit.chosen.start, hit.chosen.end))
        return True

    def _key(self, event: QKeyEvent) -> bool:
        if event.key() != Qt.Key.Key_Escape or self._drag is None:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self.cancel()
        return True

    def _wheel(self, event: QWheelEvent) -> bool:
        """Scroll with Ctrl, or in the gutter."""
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control or event.position().x() < GUTTER:
            self._view.scroll_by(-event.angleDelta().y() * 3 * self._view.lane_height // 120)
            return True
        return False

    def _show_cursor(self, place: QPointF) -> None:
        hit = self._view.hit(place)
        if self._drawing:
            shape = Qt.CursorShape.CrossCursor
        elif hit is not None and hit.edge is not None:
            shape = Qt.CursorShape.SizeHorCursor
        elif hit is not None:
            shape = Qt.CursorShape.PointingHandCursor
        else:
            shape = Qt.CursorShape.ArrowCursor
        if self._view.cursor().shape() != shape:
            self._view.setCursor(shape)

    def _context_menu(self, event: QContextMenuEvent) -> bool:
        chosen = self._workspace.selection.chosen
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            hit = self._view.hit(QPointF(event.pos()))
            if hit is None:
                return False
            self._workspace.selection.choose(hit.chosen)
            place, time = event.globalPos(), self._view.scale.time(event.pos().x())
        else:
            box = self._view.place_of(chosen) if chosen is not None else None
            if box is None:
                return False
            place = self._view.mapToGlobal(box.bottomLeft().toPoint() + QPoint(0, 2))
            time = self._workspace.playhead.time
        if self._menu is not None:
            self._menu.deleteLater()
        self._menu = self.menu(time)
        self._menu.popup(place)
        return True

    def menu(self, time: float) -> QMenu:
        """What can be done to the segment that is chosen; it is split at a time."""
        corrections, menu = self._corrections, QMenu(self._view)
        chosen = self._workspace.selection.chosen
        editable = corrections.can_edit
        for text, call, possible in (
            ("Accept", corrections.accept, editable),
            ("Reject", corrections.reject, editable),
            ("Split here", lambda: corrections.split_at(time), corrections.can_split_at(time)),
            ("Merge with next", corrections.merge_with_next, corrections.can_merge),
            ("Remove", corrections.remove, editable),
        ):
            action = menu.addAction(text)
            action.triggered.connect(lambda _=False, call=call: call())
            action.setEnabled(possible)
        labels = menu.addMenu("Relabel to")
        labels.setEnabled(editable)
        for label in self._workspace.classes.labels:
            if chosen is None or label != chosen.label:
                action = labels.addAction(label.replace("&", "&&"))
                action.triggered.connect(lambda _=False, label=label: corrections.relabel(label))
        return menu
