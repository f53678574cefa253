"""The sound of a video: decoded a little ahead in a thread, played where Qt can."""

from __future__ import annotations

import importlib
import sys
import threading
import time as clock
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from av.error import FFmpegError
from PySide6.QtCore import QObject, QTimer

from lpat.errors import VideoError
from lpat.video.audio import BYTES_OF_A_SAMPLE, RATE, decode_sound
from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.picture import VideoInfo

TICK = 20
"""Milliseconds between handing on what was decoded."""

JUMP = 0.15
"""Seconds by which sound and playhead may differ before sound starts anew."""


class Sink(Protocol):
    """Where sound goes: two channels of signed 16 bits, `RATE` samples a second."""

    def start(self) -> None:
        """Begin to play what is written."""
        ...

    def write(self, data: bytes) -> None:
        """Add what fits into `room`."""
        ...

    @property
    def room(self) -> int:
        """Bytes that can be written now."""
        ...

    def stop(self) -> None:
        """Be silent at once, and drop what wasn't played."""
        ...


class QtSink:
    """The system's output device, by Qt's multimedia module."""

    def __init__(self, multimedia: Any) -> None:
        layout = multimedia.QAudioFormat()
        layout.setSampleRate(RATE)
        layout.setChannelCount(2)
        layout.setSampleFormat(multimedia.QAudioFormat.SampleFormat.Int16)
        device = multimedia.QMediaDevices.defaultAudioOutput()
        self._sink = multimedia.QAudioSink(device, layout)
        self._sink.setBufferSize(RATE // 5 * BYTES_OF_A_SAMPLE)
        self._stream: Any = None

    def start(self) -> None:
        """Begin to play what is written."""
        self._stream = self._sink.start()

    def write(self, data: bytes) -> None:
        """Add what fits into `room`."""
        if self._stream is not None:
            self._stream.write(data)

    @property
    def room(self) -> int:
        """Bytes that can be written now."""
        return self._sink.bytesFree()

    def stop(self) -> None:
        """Be silent at once, and drop what wasn't played."""
        self._sink.reset()
        self._stream = None


def system_sink() -> Sink | None:
    """The output device; None without one, or without Qt's multimedia module."""
    try:
        multimedia = importlib.import_module("PySide6.QtMultimedia")
    except ImportError:
        return None
    device = multimedia.QMediaDevices.defaultAudioOutput()
    return None if device.isNull() else QtSink(multimedia)


class Audio(QObject):
    """Plays the sound of the open video while the playhead moves at speed 1.

    The playhead's clock leads. Whenever it is elsewhere than the sound, sound starts anew there.
    """

    def __init__(
        self,
        playhead: Playhead,
        parent: QObject | None = None,
        *,
        make_sink: Callable[[], Sink | None] = system_sink,
    ) -> None:
        super().__init__(parent)
        self._playhead = playhead
        self._make_sink = make_sink
        self._sink: Sink | None = None
        self._info: VideoInfo | None = None  # of a video with sound
        self._muted = False
        self._reader: SoundReader | None = None
        self._ending: list[SoundReader] = []  # closed, but their threads may run a little longer
        self._started = (0.0, 0.0)  # the playhead's time and the clock's as sound was started
        self._timer = QTimer(self, interval=TICK)
        self._timer.timeout.connect(self._hand_on)
        playhead.playing_changed.connect(self._follow)
        playhead.speed_changed.connect(self._follow)
        playhead.time_changed.connect(self._on_time_changed)

    @property
    def available(self) -> bool:
        """Whether the open video has sound that can be heard."""
        return self._info is not None

    @property
    def muted(self) -> bool:
        """Whether it isn't to be heard."""
        return self._muted

    def set_muted(self, muted: bool) -> None:
        """Sound off or on."""
        self._muted = muted
        self._follow()

    def open(self, info: VideoInfo) -> None:
        """Play this video's sound, if it has any and there is a device."""
        self.close()
        if self._sink is None:
            self._sink = self._make_sink()
        if self._sink is not None and info.has_sound:
            self._info = info
            self._follow()

    def close(self) -> None:
        """Be silent, and end the thread that decodes."""
        self._info = None
        self._stop()
        for reader in self._ending:
            reader.wait()
        self._ending.clear()

    def _follow(self) -> None:
        playhead = self._playhead
        heard = playhead.playing and playhead.speed == 1 and not self._muted
        if heard and self._info is not None:
            if self._reader is None:
                self._start(self._info)
        else:
            self._stop()

    def _on_time_changed(self, time: float) -> None:
        if self._reader is None or self._info is None:
            return
        began_at, clock_then = self._started
        if abs(time - began_at - (clock.monotonic() - clock_then)) > JUMP:
            self._stop()
            self._start(self._info)

    def _start(self, info: VideoInfo) -> None:
        time = self._playhead.time
        self._started = time, clock.monotonic()
        self._reader = SoundReader(info.path, info.clock_start + time)
        if self._sink is not None:
            self._sink.start()
        self._timer.start()

    def _stop(self) -> None:
        if self._reader is not None:
            self._timer.stop()
            self._reader.close()
            self._ending = [*(r for r in self._ending if r.running), self._reader]
            self._reader = None
            if self._sink is not None:
                self._sink.stop()

    def _hand_on(self) -> None:
        if self._reader is not None and self._sink is not None:
            data = self._reader.read(self._sink.room // BYTES_OF_A_SAMPLE * BYTES_OF_A_SAMPLE)
            if data:
                self._sink.write(data)


AHEAD = 24
"""Parts that are decoded before they are wanted: about half a second."""


class SoundReader:
    """Decodes from one time on, until it is closed or the sound ends."""

    def __init__(self, path: Path, start: float) -> None:
        self._path, self._start = path, start
        self._parts: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="sound reader")
        self._thread.start()

    def read(self, room: int) -> bytes:
        """At most so many bytes of what comes next; none while there isn't any."""
        with self._changed:
            taken, left = [], room
            while self._parts and left > 0:
                part = self._parts.popleft()
                if len(part) > left:
                    self._parts.appendleft(part[left:])
                taken.append(part[:left])
                left -= len(taken[-1])
            self._changed.notify()
            return b"".join(taken)

    @property
    def running(self) -> bool:
        """Whether the thread hasn't ended yet."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ask the thread to end."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def wait(self) -> None:
        """Return once the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            for data in decode_sound(self._path, self._start):
                with self._changed:
                    self._parts.append(data)
                    self._changed.wait_for(lambda: self._closed or len(self._parts) < AHEAD)
                    if self._closed:
                        return
        except (FFmpegError, VideoError):
            pass  # sound that can't be read is silence; what is seen tells of a broken file
        except Exception as error:  # a bug: its traceback is for whoever mends it
            sys.excepthook(type(error), error, error.__traceback__)
