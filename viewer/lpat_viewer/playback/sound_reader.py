"""The thread that decodes sound, a little ahead of what is heard."""

from __future__ import annotations

import sys
import threading
from collections import deque
from pathlib import Path

from av.error import FFmpegError

from lpat.errors import VideoError
from lpat.video.audio import decode_sound

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
