"""The one moment that every view shows, and whether and how fast it moves."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

SLOWEST, FASTEST = 0.1, 8.0
Segment = tuple[float, float]


class Playhead(QObject):
    """A time within [0, duration] seconds. Setting what is so already emits nothing."""

    time_changed = Signal(float)
    duration_changed = Signal(float)
    playing_changed = Signal(bool)
    speed_changed = Signal(float)
    loop_changed = Signal(object)  # Segment | None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._time = 0.0
        self._duration = 0.0
        self._playing = False
        self._speed = 1.0
        self._loop: Segment | None = None

    @property
    def time(self) -> float:
        """Seconds from the first frame."""
        return self._time

    @property
    def duration(self) -> float:
        """Seconds that the video lasts; 0 without a video."""
        return self._duration

    @property
    def playing(self) -> bool:
        """Whether time is meant to move."""
        return self._playing

    @property
    def speed(self) -> float:
        """Seconds of video in a second."""
        return self._speed

    @property
    def loop(self) -> Segment | None:
        """The segment that is played over and over."""
        return self._loop

    def reset(self, duration: float) -> None:
        """Stand still at the start of another video."""
        self.set_playing(False)
        self.set_loop(None)
        self.set_duration(duration)
        self.seek(0.0)

    def set_duration(self, duration: float) -> None:
        """Take the video to last so long; the time stays within it."""
        if duration != self._duration:
            self._duration = duration
            self.duration_changed.emit(duration)
            self.seek(self._time)

    def seek(self, time: float) -> None:
        """Go to a time, or to the nearest end of the video."""
        time = min(max(time, 0.0), self._duration)
        if time != self._time:
            self._time = time
            self.time_changed.emit(time)

    def set_playing(self, playing: bool) -> None:
        """Move or stand still; at the end, playing begins anew."""
        playing = playing and self._duration > 0
        if playing == self._playing:
            return
        if playing and self._time >= self._duration:
            self.seek(0.0)
        self._playing = playing
        self.playing_changed.emit(playing)

    def set_speed(self, speed: float) -> None:
        """Play at a speed, within `SLOWEST` and `FASTEST`."""
        speed = min(max(speed, SLOWEST), FASTEST)
        if speed != self._speed:
            self._speed = speed
            self.speed_changed.emit(speed)

    def set_loop(self, loop: Segment | None) -> None:
        """Play a segment over and over, or no longer."""
        if loop != self._loop:
            self._loop = loop
            self.loop_changed.emit(loop)

    def advance(self, seconds: float) -> None:
        """Move on as `seconds` of the clock on the wall do; at the end, stop or loop."""
        time = self._time + seconds * self._speed
        if self._loop is not None and (time >= self._loop[1] or time < self._loop[0]):
            self.seek(self._loop[0])
            return
        self.seek(time)
        if time >= self._duration:
            self.set_playing(False)
