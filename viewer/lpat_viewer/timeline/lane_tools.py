"""What the mouse does on lanes: choose, resize, move, draw, and open the menu of a segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from lpat.types import Float64Array
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.tracks import tracks_of
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.dragging import Action, Drag, marks_of, snapped
from lpat_viewer.timeline.lane_layout import Hit
from lpat_viewer.timeline.lanes import LanesView
from lpat_viewer.timeline.scale import GUTTER

EDGE_DRAG = 2  # pixels from which on holding an end moves it
SNAP = 6  # pixels from which on ends snap
BORDER = 8  # pixels of the visible time at either side in which dragging scrolls
DEEP = 20  # pixels into the border from which on it scrolls no faster
SCROLL_MILLISECONDS = 30
FREELY = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier


class LaneTools(QObject):
    """Listens to the lanes before their navigation does.

    A click chooses a segment, and seeks as a click does everywhere; a double click loops it, or
    ends the loop beside it. An end is dragged to resize, of what the active layer detected too,
    and in the review the middle to move. With Shift or in draw mode, dragging draws in the row of a
    class; where there is none, it asks for the class. Ends snap, unless Alt or Ctrl is held;
    dragging at the border of the visible time scrolls; Escape drops what is dragged.

    Meanwhile the playhead goes with what is held, so that the video shows its frame.
    """

    def __init__(
        self,
        view: LanesView,
        workspace: Workspace,
        corrections: Corrections,
        *,
        ask_label: Callable[[], str] = lambda: "",
    ) -> None:
        """`ask_label` asks the user for a class, and gives "" for none."""
        super().__init__(view)
        self._ask_label = ask_label
        self._view, self._workspace, self._corrections = view, workspace, corrections
        self._drag: Drag | None = None
        self._cursor = 0.0  # x of what is dragged
        self._freely = False
        self._scrolling = QTimer(self, interval=SCROLL_MILLISECONDS)
        self._scrolling.timeout.connect(self._scroll)
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
        self._freely = bool(event.modifiers() & FREELY)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if (shift or self._drawing) and self._view.scale.contains(place.x()):
            if self._corrections.can_draw:
                self._begin_drawing(row.label if row is not None else "", place.x())
            else:
                self._corrections.begin()  # which says why not
            return True
        hit = self._view.hit(place)
        self._workspace.selection.choose(hit.chosen if hit is not None else None)
        if hit is None or (hit.chosen.kind != "review" and hit.edge is None):
            return False
        return self._begin_moving(hit, place.x())

    def _begin_drawing(self, label: str, x: float) -> None:
        time = self._view.scale.time(x)
        nothing = ReviewedSegment(-1, time, time, label)
        start = snapped(time, self._marks(nothing), self._reach)
        self._begin("draw", replace(nothing, start=start, end=start), x)

    def _begin_moving(self, hit: Hit, x: float) -> bool:
        segment = self._corrections.segment_to_be
        if segment is None:
            return False
        if hit.edge is not None:  # of a detection whose copy may have been moved, its own end
            segment = replace(segment, **{hit.edge: getattr(hit.chosen, hit.edge)})
        self._begin(hit.edge or "move", segment, x)
        return True

    def _begin(self, action: Action, segment: ReviewedSegment, x: float) -> None:
        time, playhead = self._view.scale.time(x), self._workspace.playhead.time
        self._drag = Drag(action, x, time, segment, segment, self._marks(segment), playhead)

    def _marks(self, segment: ReviewedSegment) -> Float64Array:
        return marks_of(tracks_of(self._workspace), self._workspace.playhead.time, segment)

    def _move(self, event: QMouseEvent) -> bool:
        drag, x = self._drag, event.position().x()
        if drag is None:
            if not event.buttons():
                self._show_cursor(event.position())
            return False
        self._cursor, self._freely = x, bool(event.modifiers() & FREELY)
        least = QApplication.startDragDistance() if drag.action == "move" else EDGE_DRAG
        if drag.begun or abs(x - drag.pressed) >= least:
            self._drag_on(drag)
            if self._depth() and not self._scrolling.isActive():
                self._scrolling.start()
        return True

    def _drag_on(self, drag: Drag) -> None:
        scale = self._view.scale
        time = scale.time(min(max(self._cursor, scale.left), scale.left + scale.width))
        self._drag = drag.at(time, reach=self._reach, duration=self._corrections.duration)
        self._view.set_preview(self._drag.now)
        held = self._drag.held
        # What is out of sight would make the timeline turn pages under the cursor.
        self._workspace.playhead.seek(held if scale.start <= held <= scale.end else time)
        self._view.navigation.hovered.emit(time)

    @property
    def _reach(self) -> float:
        """Seconds within which ends snap."""
        return -1.0 if self._freely else SNAP * self._view.scale.seconds_per_pixel

    def _depth(self) -> float:
        """How deep the cursor is in the border: from -1 at the left to 1 at the right."""
        scale = self._view.scale
        left = scale.left + BORDER - self._cursor
        right = self._cursor - (scale.left + scale.width - BORDER)
        return (min(max(right, 0), DEEP) - min(max(left, 0), DEEP)) / DEEP

    def _scroll(self) -> None:
        """Pan by as much as a screen a second, and drag on."""
        depth, shown = self._depth(), self._workspace.time_range
        if self._drag is None or not depth:
            self._scrolling.stop()
            return
        shown.pan(depth * shown.length * SCROLL_MILLISECONDS / 1000)
        self._drag_on(self._drag)

    def _release(self, event: QMouseEvent) -> bool:
        drag = self._drag
        if drag is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        self._let_go()
        now = drag.now
        if not drag.begun:
            self._workspace.playhead.seek(self._view.scale.time(drag.pressed))
        elif drag.action == "draw":
            self._draw(now)
        else:
            self._corrections.resize(
                start=now.start if drag.action != "end" else None,
                end=now.end if drag.action != "start" else None,
            )
        return True

    def _draw(self, drawn: ReviewedSegment) -> None:
        if label := drawn.label or self._ask_label():
            self._corrections.draw(drawn.start, drawn.end, label)
        else:
            self._workspace.notices.tell("A segment needs a class: nothing was drawn")

    def cancel(self) -> None:
        """Drop what is dragged, and go back to the time before."""
        if self._drag is not None:
            self._workspace.playhead.seek(self._drag.playhead)
            self._let_go()

    def _let_go(self) -> None:
        self._drag = None
        self._scrolling.stop()
        self._view.set_preview(None)

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
        self._menu = segment_menu(self._view, self._workspace, self._corrections, time)
        self._menu.popup(place)
        return True


def segment_menu(
    parent: QWidget, workspace: Workspace, corrections: Corrections, time: float
) -> QMenu:
    """The menu of what can be done to the chosen segment; it would be split at a time."""
    menu, chosen = QMenu(parent), workspace.selection.chosen
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
    for label in workspace.classes.labels:
        if chosen is None or label != chosen.label:
            action = labels.addAction(label.replace("&", "&&"))
            action.triggered.connect(lambda _=False, label=label: corrections.relabel(label))
    return menu
