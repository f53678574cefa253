"""Small pictures of a video at many times, made in a thread of their own."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage

from lpat.errors import LpatError
from lpat.video.frame import Frame
from lpat.video.seeking import SeekableVideo
from lpat_viewer.playback.picture import picture_of

KEPT = 400
"""Pictures; 56 pixels high, they take about 9 MB."""

WIDEST = 4  # times the height


@dataclass(frozen=True)
class _Thumbnail:
    image: QImage
    exact: bool


class _Wishes:
    """Times wanted of one video; any thread may use it."""

    def __init__(self, path: Path, height: int) -> None:
        self.path = path
        self.height = height
        self.closed = False
        self._changed = threading.Condition()
        self._wanted: tuple[float, ...] = ()
        self._waiting: tuple[float, ...] = ()  # those not taken yet
        self._exact = False

    def set(self, times: Sequence[float], exact: bool) -> None:
        """Want these, and no others any longer."""
        with self._changed:
            self._wanted = self._waiting = tuple(times)
            self._exact = exact
            self._changed.notify()

    def wants(self, time: float) -> bool:
        """Whether a time is wanted still."""
        return not self.closed and time in self._wanted

    def close(self) -> None:
        """Want nothing ever again."""
        with self._changed:
            self.closed = True
            self._changed.notify()

    def take(self) -> tuple[float, bool] | None:
        """The next time and whether exactly that, once there is one; None after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._waiting)
            if self.closed:
                return None
            first, *rest = self._waiting
            self._waiting = tuple(rest)
            return first, self._exact


class Thumbnails(QObject):
    """Pictures of the open video, `height` device pixels high, at times or soon near them.

    What can't be read has none; whoever shows the video says why.
    """

    changed = Signal()  # there are more, or those of another video
    _made = Signal(object, float, object)  # the wishes it is of, its time, the _Thumbnail

    def __init__(self, height: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._height = height
        self._wishes: _Wishes | None = None
        self._threads: list[threading.Thread] = []  # the last one's, and those about to end
        self._images: OrderedDict[float, _Thumbnail] = OrderedDict()  # the latest used last
        self._made.connect(self._on_made, Qt.ConnectionType.QueuedConnection)

    def open(self, path: Path | None) -> None:
        """Take pictures of another video, or none."""
        self._forget()
        if path is not None:
            self._wishes = _Wishes(path, self._height)
            thread = threading.Thread(
                target=_make, args=(self._wishes, self._made.emit), name="thumbnails"
            )
            self._threads = [*(t for t in self._threads if t.is_alive()), thread]
            thread.start()

    def close(self) -> None:
        """Forget all, and end the thread."""
        self._forget()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def image(self, time: float) -> QImage | None:
        """The picture for a time that was asked, if it is there already."""
        thumbnail = self._images.get(time)
        if thumbnail is None:
            return None
        self._images.move_to_end(time)
        return thumbnail.image

    def ask(self, times: Sequence[float], *, exact: bool = False) -> None:
        """Make those that aren't there, in this order, and no others any longer.

        Unless `exact`, key frames near them do, which take much less time.
        """
        if self._wishes is not None:
            self._wishes.set([time for time in times if not self._has(time, exact)], exact)

    def _forget(self) -> None:
        """Drop the video; its thread may take a moment to end, for which nobody waits here."""
        if self._wishes is not None:
            self._wishes.close()
            self._wishes = None
        if self._images:
            self._images.clear()
            self.changed.emit()

    def _has(self, time: float, exact: bool) -> bool:
        thumbnail = self._images.get(time)
        return thumbnail is not None and (thumbnail.exact or not exact)

    def _on_made(self, wishes: object, time: float, thumbnail: _Thumbnail) -> None:
        if wishes is self._wishes:
            self._images[time] = thumbnail
            while len(self._images) > KEPT:
                self._images.popitem(last=False)
            self.changed.emit()


def _make(wishes: _Wishes, tell: Callable[[object, float, object], None]) -> None:
    bounds = QSize(WIDEST * wishes.height, wishes.height)
    try:
        with SeekableVideo.open(wishes.path, threads=1, cache_bytes=0) as video:
            while (wish := wishes.take()) is not None:
                time, exact = wish
                frame = _frame(video, time, exact, wishes)
                if frame is not None:
                    picture = picture_of(frame, video.pixel_aspect, bounds, exact=exact)
                    tell(wishes, time, _Thumbnail(picture.image, exact))
    except LpatError:
        pass  # the player reads the same file and says what is wrong with it
    except Exception as error:  # a bug: its traceback is for whoever mends it
        sys.excepthook(type(error), error, error.__traceback__)


def _frame(video: SeekableVideo, time: float, exact: bool, wishes: _Wishes) -> Frame | None:
    return video.frame_at(time, lambda: wishes.wants(time)) if exact else video.keyframe_near(time)
