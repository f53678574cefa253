"""Class scores over time, the threshold, and the gate: where scores lie above it."""

from __future__ import annotations

import html
from typing import cast

import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QGraphicsGridLayout, QLabel, QSizePolicy, QWidget

from lpat_viewer.models.layers import Layer
from lpat_viewer.models.levels import Level
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.curve_painting import CurveFrame, Drawing
from lpat_viewer.timeline.curves import CurveSet, curve_set
from lpat_viewer.timeline.curves_item import CurvesItem
from lpat_viewer.timeline.navigation import Hover
from lpat_viewer.timeline.readout import Readout, reading_text
from lpat_viewer.timeline.row import TimelineRow
from lpat_viewer.timeline.scale import GUTTER, MARGIN, TimeScale

READOUT_AIR = 0.16
"""Share of the values' span that is left free above them, for the readout."""

AIR = 0.06
"""Space above and below the curves, of their height."""


RESTED_AFTER = 150
"""Milliseconds without a move after which a level rests."""

LEGEND_LINES = 5


class CurvesView(TimelineRow):
    """A row with the active layer's curves, and with those of other layers laid over them."""

    def __init__(
        self, workspace: Workspace, hover: Hover | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(workspace, parent)
        self.hover = hover if hover is not None else Hover(self)
        self.setAccessibleName("Scores and threshold over time")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(80)
        self._drawing: Drawing | None = None
        self._level: Level | None = None  # of the drawing
        self._cursor: float | None = None  # y of the cursor while it is on this row

        self._box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self._plot = self._make_plot()
        self._axis = self._make_axis()
        self._item = CurvesItem(self._box)
        self._legend = QLabel(self)
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.move(8, 6)
        self._nothing = QLabel(self)
        for label in (self._legend, self._nothing):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._readout = Readout(self)
        self._refreshing = QTimer(self, singleShot=True, interval=0)
        self._refreshing.timeout.connect(self._refresh)
        self._take_theme()

        self.hover.follow(self.navigation)
        self.hover.changed.connect(self._tell_reading)
        workspace.time_range.changed.connect(self._take_frame)
        for changed in (
            workspace.layers.changed,
            workspace.layers.active_changed,
            workspace.classes.shown_changed,
            workspace.classes.current_changed,
            workspace.display.changed,
        ):
            changed.connect(self._mark_stale)

    @property
    def curves(self) -> CurveSet | None:
        """The active layer's curves, as they are drawn."""
        if self._refreshing.isActive():
            self._refresh()
        return self._drawing.curves if self._drawing is not None else None

    @property
    def frame(self) -> CurveFrame:
        """Where times and values lie in the box of the curves."""
        times, (low, high) = self.scale, self._box.viewRange()[1]
        times = TimeScale(times.start, times.end, 0.0, times.width)
        return CurveFrame(times, low, high, self._box.height())

    @property
    def refined(self) -> bool:
        """Whether the curves are as sharp as they will be; not so while the user zooms."""
        return self._item.refined

    @property
    def reading(self) -> str:
        """Class, time and score at the cursor, as rich text; empty while it is elsewhere."""
        return "" if self._readout.isHidden() else self._readout.text()

    @property
    def message(self) -> str:
        """Why there are no curves; empty where there are some."""
        return self._nothing.text()

    def draw_anew(self) -> None:
        """Draw all curves as if they were new."""
        self._item.set_drawing(self._drawing)

    def value_y(self, value: float) -> float:
        """Pixels from the top of the widget at which a value is drawn."""
        return self._box.sceneBoundingRect().top() + float(self.frame.y(value))

    def _make_plot(self) -> pg.PlotWidget:
        """Curves and axis without the plot's own margins, menus and ways with the mouse."""
        plot = pg.PlotWidget(self, viewBox=self._box, enableMenu=False)
        plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.setCacheMode(pg.PlotWidget.CacheModeFlag(0))  # a kept background would be no vector
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.hideButtons()
        plot.hideAxis("bottom")
        layout = cast(pg.PlotItem, plot.plotItem).layout
        layout = cast(QGraphicsGridLayout, layout)  # its attribute hides Qt's method of that name
        layout.setContentsMargins(0, 0, MARGIN, 0)
        layout.setHorizontalSpacing(0)
        layout.setVerticalSpacing(0)
        return plot

    def _make_axis(self) -> pg.AxisItem:
        axis = self._plot.getAxis("left")
        axis.setWidth(GUTTER)
        axis.enableAutoSIPrefix(False)
        axis.setStyle(tickLength=0, maxTickLevel=0)
        axis.setGrid(255)
        axis.setZValue(-1)  # the grid lies behind the curves
        return axis

    def _mark_stale(self) -> None:
        """Make the drawing anew, once for all that changes by then.

        While a level moves that is once it rests: the curves take longer than all else.
        """
        active = self.workspace.layers.active
        level, drawn = active.level if active is not None else None, self._level
        moves = (
            level is not None
            and drawn is not None
            and level.learned is drawn.learned
            and level.rate != drawn.rate
        )
        self._refreshing.start(RESTED_AFTER if moves else 0)

    def _refresh(self) -> None:
        self._refreshing.stop()
        workspace = self.workspace
        active = workspace.layers.active
        self._level = active.level if active is not None else None
        curves = self._curves_of(active) if active is not None else None
        self._drawing = None
        if curves is not None:
            layers = [layer for layer in workspace.layers.shown if layer is not active]
            others = [self._curves_of(layer) for layer in layers]
            self._drawing = Drawing(
                curves,
                tuple(other for other in others if other is not None),
                tuple(workspace.classes.colour(label) for label in curves.labels),
                workspace.classes.current,
                self.theme,
            )
            low, high = curves.axis_range
            air = AIR * (high - low) or 1.0
            self._box.setYRange(low - air, high + READOUT_AIR * (high - low) + air, padding=0)
        self._legend.setText(self._legend_text())
        self._legend.adjustSize()
        self._axis.setVisible(self._drawing is not None)
        self._nothing.setText(_reason_for_nothing(active, self._drawing))
        self._item.set_drawing(self._drawing)
        self._take_frame()

    def _legend_text(self) -> str:
        """The names of the lines, for the gutter."""
        if self._drawing is None:
            return ""
        display = self.workspace.display
        lines = ["score"]
        if display.curves == "difference":
            lines = ["score -", "threshold"]
        elif display.threshold == "predicted":
            lines.append(f'<b style="color:{self.theme.threshold}">━</b> threshold')
        else:
            lines.append("┅ thresholds")
        least, greatest = self._drawing.curves.cut
        lines += [f"▲ up to {greatest:.3g}"] if greatest is not None else []
        lines += [f"▼ down to {least:.3g}"] if least is not None else []
        lines += (f"┄ {elided(other.name)}" for other in self._drawing.others)
        return "<br>".join(lines[:LEGEND_LINES])

    def _curves_of(self, layer: Layer) -> CurveSet | None:
        if layer.scores is None:
            return None
        display = self.workspace.display
        shown = self.workspace.classes.shown
        return curve_set(layer.name, layer.scores, shown, display.curves, display.threshold)

    def _take_frame(self) -> None:
        self._item.set_frame(self.frame)
        self._tell_reading()

    def _take_theme(self) -> None:
        theme = self.theme
        self._plot.setBackground(QColor(theme.background))
        self._axis.setPen(QColor(theme.faint))
        self._axis.setTickPen(QColor(theme.faint))
        self._axis.setTextPen(QColor(theme.text))
        self._nothing.setStyleSheet(f"color: {theme.truth}")
        self._legend.setStyleSheet(f"color: {theme.text}")
        self._readout.set_theme(theme)
        self._mark_stale()

    def _tell_reading(self) -> None:
        time = self.hover.time if self.workspace.playhead.duration else None
        text, scale = None, self.scale
        if time is not None:
            number = self._number_at_cursor(time)
            curves = self.curves
            label = curves.labels[number] if curves is not None and number is not None else None
            colour = self.workspace.classes.colour(label) if label is not None else 0
            text = reading_text(curves, number, time, colour, self.theme)
        x = scale.x(time) if time is not None else 0.0
        self._readout.tell(text, scale.left, scale.left + scale.width, x)

    def _number_at_cursor(self, time: float) -> int | None:
        """The curve nearest to the cursor; on other rows, that of the current class."""
        curves = self.curves
        snippet = curves.snippet_at(time) if curves is not None else None
        if curves is None or snippet is None or not len(curves):
            return None
        if self._cursor is None:
            current = self.workspace.classes.current
            return curves.labels.index(current) if current in curves.labels else None
        top = self._box.sceneBoundingRect().top()
        return curves.nearest(snippet, self.frame.value(self._cursor - top))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: read out what is nearest to the cursor."""
        self._cursor = event.position().y()
        self._tell_reading()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the cursor is elsewhere."""
        self._cursor = None
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the curves fill what there is."""
        super().resizeEvent(event)
        self._plot.setGeometry(self.rect())
        self._nothing.setGeometry(self.rect())
        self._take_frame()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: follow the system's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._take_theme()


def elided(name: str) -> str:
    """The start of a name that fits into the gutter, as HTML."""
    return html.escape(name if len(name) <= 11 else f"{name[:10]}…")


def _reason_for_nothing(active: Layer | None, drawing: Drawing | None) -> str:
    if active is None:
        return "No scores yet: run a model on the video"
    if drawing is None:
        return f"{active.name} has detections, but no scores"
    return "" if len(drawing.curves) else "No class is shown"
