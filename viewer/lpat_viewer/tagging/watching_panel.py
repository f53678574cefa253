"""The current video of a tagging window: its picture, and what plays it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lpat.report.timeline import clock_text
from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.player import Player
from lpat_viewer.playback.video_view import VideoView
from lpat_viewer.theme import standard_icon

SPEEDS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
_TICKS = 1000  # of the slider, over the whole video


class WatchingPanel(QWidget):
    """A picture, a slider over the whole video, a button that plays, and speeds from 1 to 8.

    Below the slider is a strip of the same width, which shows what is marked in the video.
    """

    def __init__(
        self, player: Player, playhead: Playhead, strip: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._playhead = playhead
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.view = VideoView(player, hint="No picture")
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Time in the video")
        self.slider.setRange(0, _TICKS)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys are commands
        self.play = QToolButton()
        self.play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.play.clicked.connect(lambda: playhead.set_playing(not playhead.playing))
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        self.speed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.speed.addItems([f"{speed:g} x" for speed in SPEEDS])
        self.speed.activated.connect(lambda place: playhead.set_speed(SPEEDS[place]))
        self.time = QLabel()
        row = QGridLayout()
        for place, widget in enumerate((self.play, self.slider, self.time, self.speed)):
            row.addWidget(widget, 0, place)
        row.addWidget(strip, 1, 1)
        row.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.title)
        column.addWidget(self.view, 1)
        column.addLayout(row)
        self.slider.valueChanged.connect(
            lambda value: playhead.seek(value / _TICKS * playhead.duration)
        )
        for signal in (playhead.time_changed, playhead.duration_changed):
            signal.connect(lambda _: self._show_time())
        playhead.playing_changed.connect(lambda _: self._show_playing())
        playhead.speed_changed.connect(lambda _: self._show_speed())
        self._show_time()
        self._show_playing()
        self._show_speed()

    def change_speed(self, places: int) -> None:
        """Take the speed so many places faster, or slower."""
        here = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - self._playhead.speed))
        self._playhead.set_speed(SPEEDS[min(max(here + places, 0), len(SPEEDS) - 1)])

    def _show_time(self) -> None:
        time, duration = self._playhead.time, self._playhead.duration
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(_TICKS * time / duration) if duration else 0)
        self.time.setText(f"{clock_text(time, 1)} of {clock_text(duration, 1)}")

    def _show_playing(self) -> None:
        playing = self._playhead.playing
        pixmap = QStyle.StandardPixmap
        icon = pixmap.SP_MediaPause if playing else pixmap.SP_MediaPlay
        self.play.setIcon(standard_icon(self.style(), icon, self.palette()))
        self.play.setAccessibleName("Pause" if playing else "Play")
        self.play.setToolTip(f"{self.play.accessibleName()} (Space)")

    def _show_speed(self) -> None:
        speeds = [abs(speed - self._playhead.speed) for speed in SPEEDS]
        self.speed.setCurrentIndex(speeds.index(min(speeds)))
