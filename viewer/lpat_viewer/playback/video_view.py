"""The video's picture, as large as there is room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from lpat_viewer.playback.player import Player

LETTERBOX = QColor("#0b0d10")
HINT = QColor("#9aa4af")
HINT_TEXT = "Drop a video here, or File > Open"
OVERLAY = QColor(0, 0, 0, 150)
OVERLAY_TEXT = QColor("#f5f5f5")
EDGE = 8  # pixels around the overlay's text


class VideoView(QWidget):
    """Paints what a player shows, dark around it in light and dark windows alike."""

    def __init__(
        self, player: Player, parent: QWidget | None = None, *, hint: str = HINT_TEXT
    ) -> None:
        super().__init__(parent)
        self._player, self._own_hint = player, hint
        self._has_overlay = False
        self._features: str | None = None  # the name of what is open and has no picture
        self.setAccessibleName("Video")
        self.setAccessibleDescription(hint)
        self.setMinimumSize(160, 90)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        player.picture_changed.connect(self._on_picture_changed)
        player.opened.connect(self._describe)
        player.failed.connect(self._on_picture_changed)

    @property
    def has_overlay(self) -> bool:
        """Whether time, size and rate are written over the picture."""
        return self._has_overlay

    def set_overlay(self, shown: bool) -> None:
        """Write time, size and rate over the picture, or don't."""
        if shown != self._has_overlay:
            self._has_overlay = shown
            self.update()

    @property
    def hint(self) -> str:
        """What stands in place of a picture: what is under way, or what to do to get one."""
        if self._player.opening is not None:
            return f"Opening {self._player.opening.name} …"
        if self._features is not None:
            return f"{self._features} holds features: there is no picture"
        return self._own_hint

    def set_features(self, name: str | None) -> None:
        """Say that what is open is a file of features, or that it isn't."""
        self._features = name
        self._on_picture_changed()

    def picture_rectangle(self) -> QRectF:
        """Where the picture is; empty without one."""
        picture = self._player.picture
        if picture is None:
            return QRectF()
        info = self._player.info
        shape = QSizeF(info.width, info.height) if info else QSizeF(picture.image.size())
        size = shape.scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        corner = QPointF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2)
        return QRectF(corner, size)

    def overlay_text(self) -> str:
        """Time of the frame, size and rate of the video."""
        picture, info = self._player.picture, self._player.info
        if picture is None:
            return ""
        minutes, seconds = divmod(picture.time, 60)
        parts = [f"{int(minutes)}:{seconds:06.3f}"]
        if not picture.exact:
            parts[0] += " …"
        if info is not None:
            parts += [f"{info.width} x {info.height}", *([info.rate] if info.rate else [])]
        return "   ".join(parts)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: room for a picture of the usual shape."""
        return QSize(640, 360)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: pictures are made as large as they are shown."""
        super().resizeEvent(event)
        self._tell_size()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: a screen with finer pixels needs larger pictures."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._tell_size()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the picture, or what to do to get one."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), LETTERBOX)
        picture = self._player.picture
        if picture is None:
            painter.setPen(HINT)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, self.hint)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.picture_rectangle(), picture.image)
        if self._has_overlay:
            self._paint_overlay(painter)

    def _paint_overlay(self, painter: QPainter) -> None:
        text = self.overlay_text()
        shape = painter.fontMetrics().boundingRect(text)
        frame = QRectF(EDGE, EDGE, shape.width() + 2 * EDGE, shape.height() + EDGE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(OVERLAY)
        painter.drawRoundedRect(frame, 4, 4)
        painter.setPen(OVERLAY_TEXT)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, text)

    def _tell_size(self) -> None:
        self._player.set_target_size(self.size() * self.devicePixelRatioF())

    def _on_picture_changed(self, _: object = None) -> None:
        self.update()
        if self._player.info is None:
            self._describe()

    def _describe(self, _: object = None) -> None:
        info = self._player.info
        parts = [info.path.name, f"{info.width} x {info.height}", info.rate] if info else []
        self.setAccessibleDescription(", ".join(filter(None, parts)) or self.hint)
