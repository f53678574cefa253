"""Shows a video at the playhead's time, and moves the playhead while it plays."""

from __future__ import annotations

import time as clock
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal

from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.audio import Audio
from lpat_viewer.playback.picture import Picture, VideoInfo
from lpat_viewer.playback.reader import Reader
from lpat_viewer.playback.requests import Request

TICK = 15
"""Milliseconds between moves of the playhead while it plays."""


class Player(QObject):
    """What of a video is seen now.

    The playhead leads: wherever it goes, that frame is shown, and while it plays, it moves by the
    clock on the wall however slow decoding is.
    """

    opened = Signal(object)  # VideoInfo
    failed = Signal(str)  # one line: it can't be opened, or not be read any longer
    picture_changed = Signal()

    def __init__(
        self, playhead: Playhead, parent: QObject | None = None, *, audio: Audio | None = None
    ) -> None:
        super().__init__(parent)
        self._playhead = playhead
        self._picture: Picture | None = None
        self._info: VideoInfo | None = None
        self._opening: Path | None = None
        self._stepping: Request | None = None  # until its frame is there
        self._arriving = False  # the playhead is set to the time of a picture that is here
        self._ticked_at = 0.0
        self._timer = QTimer(self, interval=TICK, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._audio = audio or Audio(playhead, self)
        self._reader = Reader(self)
        self._reader.opened.connect(self._on_opened)
        self._reader.failed.connect(self._on_failed)
        self._reader.shown.connect(self._on_shown)
        self._reader.stepped.connect(self._on_stepped)
        playhead.time_changed.connect(self._on_time_changed)
        playhead.playing_changed.connect(self._on_playing_changed)

    @property
    def picture(self) -> Picture | None:
        """The picture that is shown; None without a video, and until its first frame is there."""
        return self._picture

    @property
    def info(self) -> VideoInfo | None:
        """The open video's size, rate and duration; None until it is open."""
        return self._info

    @property
    def opening(self) -> Path | None:
        """The video that is being opened, until its first frame is there or can't be."""
        return self._opening

    @property
    def has_sound(self) -> bool:
        """Whether the open video has sound that can be heard here."""
        return self._audio.available

    @property
    def muted(self) -> bool:
        """Whether its sound is off."""
        return self._audio.muted

    def set_muted(self, muted: bool) -> None:
        """Sound off or on."""
        self._audio.set_muted(muted)

    def open(self, path: Path | None) -> None:
        """Show another video, or none; `opened` or `failed` follows."""
        self._stepping = self._info = None
        self._playhead.reset(0.0)
        self._audio.close()
        self._opening = path
        if self._picture is None:
            self.picture_changed.emit()  # as what stands in its place is another now
        self._set_picture(None)
        self._reader.open(path)

    def close(self) -> None:
        """Show nothing, and end the thread that decodes; `open` begins anew."""
        self.open(None)
        self._reader.stop()

    def step(self, frames: int) -> None:
        """Move the playhead to the frame so many after the one shown at its time, or before it."""
        if self._info is None:
            return
        self._playhead.set_playing(False)
        if self._stepping is not None:  # steps that come faster than frames add up
            start, frames = self._stepping.time, self._stepping.steps + frames
        else:
            start = self._playhead.time
        self._stepping = Request(start, frames) if frames else None
        self._reader.ask(self._stepping or Request(start))

    def set_target_size(self, size: QSize) -> None:
        """Make pictures that fit into so many device pixels; smaller is quicker."""
        self._reader.set_bounds(size)
        if self._info is not None and self._stepping is None:
            self._ask(self._playhead.time)

    def _on_opened(self, info: VideoInfo) -> None:
        self._info = info
        self._playhead.set_duration(info.duration)
        self._audio.open(info)
        self.opened.emit(info)

    def _on_failed(self, line: str) -> None:
        self._opening = None
        self._playhead.set_playing(False)
        self._stepping = None
        self.failed.emit(line)

    def _on_shown(self, picture: Picture) -> None:
        self._set_picture(picture)

    def _on_stepped(self, picture: Picture) -> None:
        self._stepping = None
        self._set_picture(picture)
        end = picture.time + picture.duration
        self._playhead.set_duration(max(self._playhead.duration, end))
        self._arriving = True
        self._playhead.seek(picture.time)
        self._arriving = False

    def _on_time_changed(self, time: float) -> None:
        if not self._arriving and self._info is not None:
            self._stepping = None
            self._ask(time)

    def _on_playing_changed(self, playing: bool) -> None:
        self._ticked_at = clock.monotonic()
        if playing:
            self._timer.start()
        else:
            self._timer.stop()
            if self._info is not None and self._stepping is None:
                self._ask(self._playhead.time)  # exactly, where playing may have lagged

    def _tick(self) -> None:
        now = clock.monotonic()
        elapsed, self._ticked_at = now - self._ticked_at, now
        self._playhead.advance(elapsed)

    def _ask(self, time: float) -> None:
        self._reader.ask(Request(time, playing=self._playhead.playing))

    def _set_picture(self, picture: Picture | None) -> None:
        if picture is not None:
            self._opening = None
        if picture is not self._picture:
            self._picture = picture
            self.picture_changed.emit()
