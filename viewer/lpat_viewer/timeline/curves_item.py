"""The curves as one item of pyqtgraph's, painted from a picture that is kept."""

from __future__ import annotations

import math
from dataclasses import replace

from pyqtgraph import GraphicsObject, ViewBox
from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lpat_viewer.timeline.curve_painting import CurveFrame, Drawing, is_vector
from lpat_viewer.timeline.scale import TimeScale

FRAME = 1000 // 60
"""Milliseconds."""

REFINED_AFTER = 80
"""Milliseconds that stretched curves stay so at most while the user zooms."""


class CurvesItem(GraphicsObject):
    """Paints a drawing over a view box, in the box's pixels.

    Drawing a hundred curves takes longer than a frame may, so what is kept of them is moved when
    the time range moves, and only what comes in at the sides is drawn. When the user zooms it is
    stretched, and drawn anew a moment later. Into vector pictures all is drawn as lines.
    """

    def __init__(self, box: ViewBox) -> None:
        super().__init__()
        self.setParentItem(box)
        self._box = box
        self._drawing: Drawing | None = None
        self._frame: CurveFrame | None = None
        self._background: tuple[CurveFrame, QImage] | None = None
        self._whole: tuple[CurveFrame, QImage] | None = None
        self._refining = QTimer(self, singleShot=True, interval=REFINED_AFTER)
        self._refining.timeout.connect(self._refine)

    @property
    def refined(self) -> bool:
        """Whether the curves are as sharp as they will be."""
        return not self._refining.isActive()

    def set_drawing(self, drawing: Drawing | None) -> None:
        """Paint other curves, or none."""
        self._drawing = drawing
        self._refine()

    def set_frame(self, frame: CurveFrame) -> None:
        """Paint other times or values."""
        if frame != self._frame:
            self._frame = frame
            self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """Qt's: all of the box."""
        return self._box.rect()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Qt's: paint what the frame shows."""
        if self._drawing is None or self._frame is None or self._frame.height <= 0:
            return
        if is_vector(painter):
            painter.setClipRect(self.boundingRect())
            self._drawing.paint_background(painter, self._frame)
            self._drawing.paint_foreground(painter, self._frame)
            return
        device = painter.device()
        ratio = device.devicePixelRatio() if device is not None else 1.0
        painter.drawImage(0, 0, self._picture(self._drawing, self._frame, ratio))

    def _picture(self, drawing: Drawing, frame: CurveFrame, ratio: float) -> QImage:
        """Background and foreground; made where they aren't of this frame yet."""
        if self._whole is None or not _same(self._whole, frame, ratio):
            image = _blank(frame, ratio)
            painter = QPainter(image)
            if not drawing.few:
                self._background = self._moved_background(drawing, frame)
                painter.drawImage(0, 0, self._background[1])
            drawing.paint_foreground(painter, frame)
            painter.end()
            self._whole = frame, image
        return self._whole[1]

    def _moved_background(self, drawing: Drawing, frame: CurveFrame) -> tuple[CurveFrame, QImage]:
        """The background of a frame, at one pixel a point however fine the screen is."""
        old = self._background
        image = _blank(frame, 1.0)
        left, right = 0.0, 0.0
        painter = QPainter(image)
        if old is not None and _movable(old[0], frame):
            times, before = frame.times, old[0].times
            panned = math.isclose(times.seconds_per_pixel, before.seconds_per_pixel, rel_tol=1e-9)
            if not panned and self._refining.isActive() and self._refining.remainingTime() < FRAME:
                self._refining.stop()  # drawn anew right now, not stretched and at once drawn anew
            elif panned:
                # By whole pixels, so that nothing blurs; the fraction is left for later moves.
                left = round(times.x(before.start))
                right = left + times.width
                start = before.start - left * times.seconds_per_pixel
                end = start + times.end - times.start
                frame = replace(frame, times=replace(times, start=start, end=end))
            else:
                left, right = times.x(before.start), times.x(before.end)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                if not self._refining.isActive():
                    self._refining.start()
            painter.drawImage(QRectF(left, 0, right - left, frame.height), old[1])
        for start, end in _uncovered(left, right, frame.times.width):
            times = frame.times
            part = TimeScale(times.time(start), times.time(end), start, end - start)
            painter.save()
            painter.setClipRect(QRectF(start, 0, end - start, frame.height))
            drawing.paint_background(painter, replace(frame, times=part))
            painter.restore()
        painter.end()
        return frame, image

    def _refine(self) -> None:
        self._refining.stop()
        self._background = self._whole = None
        self.update()


def _blank(frame: CurveFrame, ratio: float) -> QImage:
    width, height = math.ceil(frame.times.width * ratio), math.ceil(frame.height * ratio)
    image = QImage(max(width, 1), max(height, 1), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0)
    return image


def _same(kept: tuple[CurveFrame, QImage], frame: CurveFrame, ratio: float) -> bool:
    return kept[0] == frame and kept[1].devicePixelRatio() == ratio


def _movable(old: CurveFrame, frame: CurveFrame) -> bool:
    """Whether a picture of one frame shows some of the other, at the same values."""
    return (
        replace(old, times=frame.times) == frame
        and old.times.width == frame.times.width
        and old.times.start < frame.times.end
        and frame.times.start < old.times.end
    )


def _uncovered(left: float, right: float, width: float) -> list[tuple[float, float]]:
    """The parts of [0, width) outside of [left, right), in whole pixels."""
    if right <= left:
        return [(0.0, width)]
    parts = [(0.0, min(math.ceil(left), width)), (max(math.floor(right), 0.0), width)]
    return [(start, end) for start, end in parts if end > start]
