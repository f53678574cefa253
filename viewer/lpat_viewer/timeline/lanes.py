"""Lanes of segments: for each class what is true, what each layer detects, what is corrected."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QScrollBar, QToolTip, QWidget

from lpat.report.timeline import clock_text
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Mark, Track, tracks_of
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import class_colour
from lpat_viewer.timeline.lane_layout import ClassRow, Hit, Lane, LaneLayout, lay_out
from lpat_viewer.timeline.lane_painting import LanePicture, draw_lane, look_of, paint_lane
from lpat_viewer.timeline.row import TimelineRow
from lpat_viewer.timeline.scale import GUTTER, MARGIN, TimeScale

SWATCH = 4  # pixels of a class's colour at the left of its row


class LanesView(TimelineRow):
    """A row for each class shown; scrolls where they don't fit, by Ctrl and the wheel too.

    What the mouse does on it is `lane_tools`' to say.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._layout: LaneLayout | None = None
        self._tracks: tuple[Track, ...] = ()  # that it lays out
        self._preview: ReviewedSegment | None = None
        self._pictures: dict[Lane, LanePicture] = {}
        self._pictured: tuple[TimeScale, int | None] | None = None  # what they were drawn for
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName("Scroll classes")
        self._bar.valueChanged.connect(self.update)
        self._bar.setVisible(False)
        self.setAccessibleName("Lanes of segments")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(self.lane_height * 3)
        for signal in (
            workspace.truth_changed,
            workspace.verdicts_changed,
            workspace.layers.changed,
            workspace.layers.active_changed,
            workspace.review.changed,
            workspace.classes.shown_changed,
            workspace.playhead.duration_changed,
        ):
            signal.connect(self._forget_layout)
        workspace.classes.current_changed.connect(self.update)
        workspace.selection.changed.connect(self._on_chosen)

    @property
    def lane_height(self) -> int:
        """Pixels of a lane."""
        return max(self.fontMetrics().height() + 1, 14)

    @property
    def layout_of_lanes(self) -> LaneLayout:
        """Where everything lies, from the top of the first row on."""
        if self._layout is None:
            labels, active = self.workspace.classes.shown, self.workspace.layers.active
            # While a model is still at it, nothing is corrected.
            name = active.name if active is not None and active.complete else ""
            self._tracks = tracks_of(self.workspace)
            self._layout = lay_out(self._tracks, labels, self.lane_height, active=name)
            self._fit_bar()
        return self._layout

    @property
    def offset(self) -> int:
        """Pixels of the lanes that are scrolled away above."""
        return self._bar.value()

    @property
    def message(self) -> str:
        """Why there are no lanes, and what to do about it; empty where there are some."""
        if self.layout_of_lanes.rows:
            return ""
        if self.workspace.classes.labels:
            return "No class is shown: tick some, or Classes > Show all classes"
        if not self.workspace.playhead.duration:
            return ""
        return "No class yet: Shift and drag draws a segment, N draws one at the playhead"

    def scroll_by(self, pixels: int) -> None:
        """Scroll down, or up."""
        self._bar.setValue(self._bar.value() + pixels)

    def set_preview(self, preview: ReviewedSegment | None) -> None:
        """Show a segment of the review as it would be, in its place; or all as they are."""
        if preview != self._preview:
            self._preview = preview
            self.update()

    def hit(self, place: QPointF) -> Hit | None:
        """The segment at a place of the widget."""
        y = place.y() + self.offset
        chosen = self.workspace.selection.chosen
        return self.layout_of_lanes.hit(place.x(), y, self.scale, chosen)

    def row_at(self, place: QPointF) -> ClassRow | None:
        """The row of a class at a place of the widget."""
        return self.layout_of_lanes.row_at(place.y() + self.offset)

    def place_of(self, chosen: Chosen) -> QRectF | None:
        """Where a segment lies in the widget, scrolled out of sight or not."""
        row = self.layout_of_lanes.row_of(chosen.label)
        for lane in row.lanes if row is not None else ():
            if lane.track.row_of(chosen) is not None:
                left, right = self.scale.x(chosen.start), self.scale.x(chosen.end)
                top = lane.top - self.offset
                return QRectF(left, top, max(right - left, 1), lane.height - 1)
        return None

    def text_of(self, chosen: Chosen) -> str:
        """Label, times, score and verdict of a segment, line by line."""
        lines = [
            chosen.label,
            f"{clock_text(chosen.start, 2)} - {clock_text(chosen.end, 2)} "
            f"({chosen.end - chosen.start:.2f} s)",
        ]
        for track in self._tracks:
            row = track.row_of(chosen)
            if row is None:
                continue
            if track.scores[row] == track.scores[row]:  # not NaN
                lines.append(f"score {track.scores[row]:.3g}")
            mark = Mark(int(track.marks[row])).text
            lines.append(f"{track.name}: {mark}" if mark else track.name)
        return "\n".join(lines)

    def update_times(self) -> None:
        """Repaint all but the names, which take as long as all else."""
        self.update(GUTTER, 0, self.width() - GUTTER, self.height())

    # Qt's

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: paint the rows in sight, no more of them than is asked for.

        While the video plays, that is a pixel where the playhead's line was.
        """
        layout, area = self.layout_of_lanes, event.rect()
        painter = QPainter(self)
        painter.fillRect(area, QColor(self.theme.background))
        if not layout.rows:
            painter.setPen(QColor(self.theme.truth))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.message)
            self._paint_preview(painter)
            return
        painter.translate(0, -self.offset)
        rows = layout.rows_within(self.offset + area.top(), self.offset + area.bottom() + 1)
        for row in rows:
            self._paint_ground(painter, row, names=area.left() < GUTTER)
        scale = self.scale
        painter.setClipRect(QRectF(scale.left, self.offset, scale.width, self.height()))
        for row in rows:
            colour = self._colour(row)
            for lane in row.lanes:
                picture = self._picture(lane, scale)
                paint_lane(painter, picture, self.theme, colour, area.left(), area.right())
        self._paint_preview(painter)
        self._paint_chosen(painter)
        if self.hasFocus():
            painter.setClipping(False)
            painter.resetTransform()
            painter.setPen(QPen(QColor(self.theme.chosen), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: keep the bar in the margin, so that times line up with other rows."""
        super().resizeEvent(event)
        self._bar.setGeometry(self.width() - MARGIN, 0, MARGIN, self.height())
        self._fit_bar()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: lanes are as high as the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._forget_layout()

    def event(self, event: QEvent) -> bool:
        """Qt's: tell of what lies under the cursor."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip(self, place: QPointF) -> str:
        row, hit = self.row_at(place), self.hit(place)
        if hit is not None:
            return self.text_of(hit.chosen)
        return row.label if row is not None and place.x() < GUTTER else ""

    @property
    def _dragged(self) -> int | None:
        """Identity of the segment that the preview stands in for."""
        return None if self._preview is None else self._preview.identity

    def _picture(self, lane: Lane, scale: TimeScale) -> LanePicture:
        """A lane as drawn before, unless the lanes, the visible time or what is dragged changed."""
        if self._pictured != (scale, self._dragged):
            self._pictures, self._pictured = {}, (scale, self._dragged)
        if lane not in self._pictures:
            self._pictures[lane] = draw_lane(lane, scale, left_out=self._dragged)
        return self._pictures[lane]

    def _colour(self, row: ClassRow) -> QColor:
        return class_colour(self.workspace.classes.colour(row.label), self.theme)

    def _paint_ground(self, painter: QPainter, row: ClassRow, *, names: bool) -> None:
        bottom = row.top + row.height
        painter.setPen(QColor(self.theme.faint))
        painter.drawLine(0, bottom - 1, self.width(), bottom - 1)
        if names:
            self._paint_names(painter, row)

    def _paint_names(self, painter: QPainter, row: ClassRow) -> None:
        theme = self.theme
        painter.fillRect(0, row.top + 2, SWATCH, row.height - 4, self._colour(row))
        font = QFont(self.font())
        font.setBold(row.label == self.workspace.classes.current)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        metrics = painter.fontMetrics()
        left, top = SWATCH + 6, row.lanes[0].top if row.lanes else row.top + 4
        name = metrics.elidedText(row.label, Qt.TextElideMode.ElideRight, GUTTER - left - 4)
        painter.drawText(left, top + metrics.ascent(), name)
        end_of_name = left + metrics.horizontalAdvance(name)
        font.setBold(False)
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        painter.setPen(QColor(theme.truth))
        for lane in row.lanes:
            beside = end_of_name + 8 if lane is row.lanes[0] else left + 8
            self._paint_lane_name(painter, lane, beside)

    def _paint_lane_name(self, painter: QPainter, lane: Lane, left: int) -> None:
        metrics, right = painter.fontMetrics(), GUTTER - 6
        middle = Qt.TextElideMode.ElideMiddle
        name = metrics.elidedText(lane.track.name, middle, max(right - left, 0))
        if len(name) >= min(len(lane.track.name), 5):
            x = right - metrics.horizontalAdvance(name)
            painter.drawText(x, lane.top + (lane.height + metrics.ascent()) // 2 - 1, name)

    def _paint_preview(self, painter: QPainter) -> None:
        preview = self._preview
        row = self.layout_of_lanes.row_of(preview.label) if preview is not None else None
        if preview is None or (row is None and preview.label):
            return
        lanes = row.lanes if row is not None else ()
        lane = next((lane for lane in reversed(lanes) if lane.resizable), None) or row
        # Of a class that is still to be chosen, it is as high as all.
        top, height = (lane.top, lane.height) if lane else (self.offset, self.height())
        left, right = self.scale.x(preview.start), self.scale.x(preview.end)
        colour = self._colour(row) if row is not None else QColor(self.theme.truth)
        look = look_of(Mark.PROPOSED, "review", colour, self.theme)
        painter.setPen(QPen(QColor(self.theme.chosen), 2))
        painter.setBrush(look.fill)
        painter.drawRect(QRectF(left, top + 1, max(right - left, 1), height - 3))

    def _paint_chosen(self, painter: QPainter) -> None:
        chosen = self.workspace.selection.chosen
        place = self.place_of(chosen) if chosen is not None and self._preview is None else None
        if place is not None:
            painter.setPen(QPen(QColor(self.theme.chosen), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.translated(0, self.offset).adjusted(-2, 0, 2, 0))

    def _forget_layout(self, _: object = None) -> None:
        self._layout = None
        self._pictures = {}
        self.update()

    def _fit_bar(self) -> None:
        height = self._layout.height if self._layout is not None else 0
        self._bar.setRange(0, max(height - self.height(), 0))
        self._bar.setPageStep(max(self.height(), 1))
        self._bar.setSingleStep(self.lane_height)
        self._bar.setVisible(height > self.height())

    def _on_chosen(self) -> None:
        """Scroll until the row of what was chosen is in sight."""
        chosen = self.workspace.selection.chosen
        row = self.layout_of_lanes.row_of(chosen.label) if chosen is not None else None
        if row is not None and row.top < self.offset:
            self._bar.setValue(row.top)
        elif row is not None and row.top + row.height > self.offset + self.height():
            self._bar.setValue(row.top + row.height - self.height())
        self.setAccessibleDescription(self.text_of(chosen) if chosen is not None else "")
        self.update()
