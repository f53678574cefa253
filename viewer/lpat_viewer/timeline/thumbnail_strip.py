"""Small pictures of the video along the visible time."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.playback.thumbnails import Thumbnails
from lpat_viewer.timeline.row import TimelineRow
from lpat_viewer.timeline.scale import GUTTER, tick_step

HEIGHT = 56
EDGE = 2  # pixels above and below, and at least between two
PICTURE_HEIGHT = HEIGHT - 2 * EDGE
EXACT_STEP = 2.0
"""Seconds between pictures up to which key frames near them would be too much alike."""


class ThumbnailStrip(TimelineRow):
    """A row of pictures, each with its left edge at its time; pressing and dragging seeks.

    Times are multiples of a round step that depends on the zoom alone, so panning keeps them.
    """

    def __init__(
        self, workspace: Workspace, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(workspace, parent, scrubbing=True)
        self._thumbnails = thumbnails
        self._asked: list[float] = []
        self._shape = 16 / 9  # width of a picture over its height
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Thumbnails")
        self.setAccessibleDescription("Pictures along the visible time; drag to move through it")
        workspace.video_changed.connect(self._ask)
        workspace.time_range.changed.connect(self._ask)
        workspace.playhead.duration_changed.connect(self._ask)
        thumbnails.changed.connect(self._on_pictures_changed)

    def times(self) -> list[float]:
        """The times pictured at present, increasing."""
        duration = self.workspace.playhead.duration
        if duration <= 0:
            return []
        scale, step = self.scale, self._step()
        start, end = max(scale.start, 0.0), min(scale.end, duration)
        first, last = math.floor(start / step), math.ceil(end / step)
        return [number * step for number in range(first, last)]

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: as wide as there is room."""
        return QSize(400, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: as many as fit."""
        super().resizeEvent(event)
        self._ask()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the pictures that are there, empty frames for those that aren't."""
        painter, scale = QPainter(self), self.scale
        painter.fillRect(self.rect(), QColor(self.theme.background))
        painter.setPen(QColor(self.theme.text))
        name = QRectF(0, 0, GUTTER - 10, HEIGHT)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(name, flags, "video")
        painter.setClipRect(QRectF(scale.left, 0, scale.width, HEIGHT))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = QSizeF(PICTURE_HEIGHT * self._shape, PICTURE_HEIGHT)
        for time in self.times():
            place = QRectF(QPointF(scale.x(time), EDGE), size)
            image = self._thumbnails.image(time)
            if image is None:
                painter.fillRect(place, QColor(self.theme.faint))
            else:
                painter.drawImage(place, image)

    def _step(self) -> float:
        """Seconds between pictures: a round number, so that each has room."""
        return tick_step((PICTURE_HEIGHT * self._shape + EDGE) * self.scale.seconds_per_pixel)

    def _ask(self) -> None:
        times = self.times()
        if times != self._asked:
            self._asked = times
            self._thumbnails.ask(times, exact=self._step() <= EXACT_STEP)

    def _on_pictures_changed(self) -> None:
        """The first picture tells the shape of all; without any, all are to be asked again."""
        images = [image for image in map(self._thumbnails.image, self.times()) if image is not None]
        if images:
            self._shape = images[0].width() / images[0].height()
        else:
            self._asked = []
        self._ask()
        self.update()
