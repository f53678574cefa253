"""Small pictures of a video at many times, made in a thread of their own."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from lpat.errors import LpatError
from lpat.seeking import SeekableVideo
from lpat_viewer.playback.picture import picture_of

KEPT = 400
"""Pictures; 56 pixels high, they take about 9 MB."""

WIDEST = 4  # times the height


class _Wishes:
    """Times wanted of one video; any thread may use it."""

    def __init__(self, path: Path, height: int) -> None:
        self.path = path
        self.height = height
        self.closed = False
        self._changed = threading.Condition()
        self._times: tuple[float, ...] = ()

    def set(self, times: Sequence[float]) -> None:
        """Want these, and no others any longer."""
        with self._changed:
            self._times = tuple(times)
            self._changed.notify()

    def close(self) -> None:
        """Want nothing ever again."""
        with self._changed:
            self.closed = True
            self._changed.notify()

    def take(self) -> float | None:
        """The next time, once there is one; None after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._times)
            if self.closed:
                return None
            first, *rest = self._times
            self._times = tuple(rest)
            return first


class Thumbnails(QObject):
    """Pictures of the open video, `height` device pixels high, near the times asked.

    What can't be read has none; whoever shows the video says why.
    """

    changed = Signal()  # there are more, or those of another video
    _made = Signal(object, float, QImage)  # the wishes it is of

    def __init__(self, height: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._height = height
        self._wishes: _Wishes | None = None
        self._thread: threading.Thread | None = None
        self._images: OrderedDict[float, QImage] = OrderedDict()  # the latest used last
        self._made.connect(self._on_made, Qt.ConnectionType.QueuedConnection)

    def open(self, path: Path | None) -> None:
        """Take pictures of another video, or none."""
        self.close()
        if path is not None:
            self._wishes = _Wishes(path, self._height)
            self._thread = threading.Thread(
                target=_make, args=(self._wishes, self._made.emit), name="thumbnails"
            )
            self._thread.start()

    def close(self) -> None:
        """Forget all, and end the thread."""
        wishes, thread = self._wishes, self._thread
        self._wishes = self._thread = None
        if wishes is not None and thread is not None:
            wishes.close()
            thread.join()
        if self._images:
            self._images.clear()
            self.changed.emit()

    def image(self, time: float) -> QImage | None:
        """The picture for a time that was asked, if it is there already."""
        image = self._images.get(time)
        if image is not None:
            self._images.move_to_end(time)
        return image

    def ask(self, times: Sequence[float]) -> None:
        """Make those that aren't there, in this order, and no others any longer."""
        if self._wishes is not None:
            self._wishes.set([time for time in times if time not in self._images])

    def _on_made(self, wishes: object, time: float, image: QImage) -> None:
        if wishes is self._wishes:
            self._images[time] = image
            while len(self._images) > KEPT:
                self._images.popitem(last=False)
            self.changed.emit()


def _make(wishes: _Wishes, tell: Callable[[object, float, QImage], None]) -> None:
    bounds = QSize(WIDEST * wishes.height, wishes.height)
    try:
        with SeekableVideo.open(wishes.path, threads=1, cache_bytes=0) as video:
            while (time := wishes.take()) is not None:
                frame = video.keyframe_near(time)
                tell(wishes, time, picture_of(frame, video.pixel_aspect, bounds, exact=False).image)
    except LpatError:
        pass  # the player reads the same file and says what is wrong with it
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
