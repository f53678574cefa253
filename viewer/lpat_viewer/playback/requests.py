"""What the window wants of the decoding thread. The latest wins; nothing waits in a queue."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Request:
    """A frame to show: the one at `time`, or so many `steps` after it."""

    time: float
    steps: int = 0
    playing: bool = False


class LatestRequest:
    """A video to read and one request of it; any thread may use it.

    Each video has a number, which says whether it is still the one to read.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._path: Path | None = None
        self._number = next(_numbers)
        self._request: Request | None = None
        self._bounds = QSize()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing is wanted ever again."""
        return self._closed

    @property
    def bounds(self) -> QSize:
        """Pixels that pictures are to fit into; empty for any."""
        return self._bounds

    @property
    def request(self) -> Request | None:
        """The request that wasn't taken yet."""
        return self._request

    @property
    def video(self) -> tuple[int, Path | None]:
        """The number and the path of the video to read."""
        with self._changed:
            return self._number, self._path

    def is_open(self, number: int) -> bool:
        """Whether a video is still the one to read."""
        return not self._closed and number == self._number

    def open(self, path: Path | None) -> None:
        """Want another video, or none, and its first frame."""
        with self._changed:
            self._path = path
            self._number = next(_numbers)
            self._request = Request(0.0)
            self._changed.notify_all()

    def ask(self, request: Request) -> None:
        """Want a frame, instead of what was wanted before."""
        with self._changed:
            self._request = request
            self._changed.notify_all()

    def set_bounds(self, bounds: QSize) -> None:
        """Want pictures that fit into so many pixels, from the next one on."""
        self._bounds = QSize(bounds)

    def close(self) -> None:
        """Want nothing ever again."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, number: int) -> Request | None:
        """The request, if it is of this video, which then is no longer in here."""
        with self._changed:
            if not self.is_open(number):
                return None
            request, self._request = self._request, None
            return request

    def wait(self, number: int) -> None:
        """Return once there is a request, or another video to read."""
        with self._changed:
            self._changed.wait_for(lambda: self._request is not None or not self.is_open(number))

    def wait_for_video(self, number: int) -> None:
        """Return once there is another video to read."""
        with self._changed:
            self._changed.wait_for(lambda: not self.is_open(number))
