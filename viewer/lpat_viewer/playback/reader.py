"""The thread that decodes what is shown."""

from __future__ import annotations

import sys
import threading
import time as clock
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal

from lpat.errors import LpatError
from lpat.video.frame import Frame
from lpat.video.seeking import SeekableVideo
from lpat_viewer.playback.picture import Picture, info_of, picture_of
from lpat_viewer.playback.requests import LatestRequest, Request

PREVIEW_AFTER = 0.03
"""Seconds after which a frame on the way to the one asked is shown meanwhile."""

PATIENCE = 0.1
"""Seconds that decoding may lag while playing before the frame it has come to is shown."""

Tell = Callable[[str, object], None]


class Reader(QObject):
    """Reads one video at a time, in a thread that `open` starts and `stop` ends.

    The signals arrive in the thread that made it. Whatever comes of a video that is no longer
    open is dropped.
    """

    opened = Signal(object)  # VideoInfo
    failed = Signal(str)
    shown = Signal(object)  # Picture
    stepped = Signal(object)  # Picture of the frame that a request with steps came to
    _reported = Signal(int, str, object)  # the video's number, a signal above, its value

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = LatestRequest()
        self._thread: threading.Thread | None = None
        self._reported.connect(self._on_reported, Qt.ConnectionType.QueuedConnection)

    def open(self, path: Path | None) -> None:
        """Read another video, or none, and show its first frame."""
        self._latest.open(path)
        if path is not None and self._thread is None:
            self._thread = threading.Thread(
                target=_read_videos, args=(self._latest, self._reported.emit), name="video reader"
            )
            self._thread.start()

    def ask(self, request: Request) -> None:
        """Show a frame, instead of what was asked before."""
        self._latest.ask(request)

    def set_bounds(self, size: QSize) -> None:
        """Make pictures that fit into so many pixels, from the next one on."""
        self._latest.set_bounds(size)

    def stop(self) -> None:
        """Close the video and wait until the thread has ended."""
        latest, self._latest = self._latest, LatestRequest()
        self._latest.set_bounds(latest.bounds)
        latest.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _on_reported(self, number: int, name: str, value: object) -> None:
        if self._latest.is_open(number):
            getattr(self, name).emit(value)


def _read_videos(latest: LatestRequest, tell: Callable[[int, str, object], None]) -> None:
    while not latest.closed:
        number, path = latest.video

        def tell_of_it(name: str, value: object, number: int = number) -> None:
            tell(number, name, value)

        if path is not None:
            try:
                with SeekableVideo.open(path) as video:
                    _Session(latest, number, video, tell_of_it).run()
            except LpatError as error:
                tell_of_it("failed", str(error))
            except Exception as error:  # a bug: its traceback is for whoever mends it
                sys.excepthook(type(error), error, error.__traceback__)
                tell_of_it("failed", f"{path}: an error in lpat itself: {error!r}")
        latest.wait_for_video(number)


class _Session:
    """Serves requests of one video, and uses idle time to decode around the last one."""

    def __init__(
        self, latest: LatestRequest, number: int, video: SeekableVideo, tell: Tell
    ) -> None:
        self._latest, self._number = latest, number
        self._video = video
        self._tell = tell
        self._last: tuple[float, bool, QSize] | None = None  # what was shown last, and how large
        self._request = Request(0.0)
        self._taken_at = 0.0
        self._previewed = False

    def run(self) -> None:
        """Work until another video is wanted. Raises VideoError as `SeekableVideo` does."""
        latest, number = self._latest, self._number
        first = self._video.frame_at(0.0)
        if first is not None:
            self._show(first, exact=True)
            self._tell("opened", info_of(self._video, first))
        around = 0.0
        while latest.is_open(number):
            request = latest.take(number)
            if request is not None:
                around = self._serve(request)
            elif not self._video.prepare(around, self._is_idle):
                latest.wait(number)

    def _is_idle(self) -> bool:
        return self._latest.request is None and self._latest.is_open(self._number)

    def _serve(self, request: Request) -> float:
        """Show what is asked, unless that changes meanwhile; gives the time reached."""
        video = self._video
        self._request, self._taken_at, self._previewed = request, clock.monotonic(), False
        if not (request.playing or request.steps or video.is_indexed):
            near = video.keyframe_near(request.time)
            if near is not None:
                self._show(near, exact=False)
        frame = video.frame_at(request.time, self._is_wanted)
        if frame is not None and request.steps:
            frame = video.frame_after(frame, request.steps, self._is_wanted)
        if frame is not None:
            self._show(frame, exact=True, stepped=bool(request.steps))
            return frame.time
        if video.reached is not None and not request.steps:
            self._show(video.reached, exact=False)
        return request.time

    def _is_wanted(self) -> bool:
        """Asked for each frame on the way: whether to go on."""
        if not self._latest.is_open(self._number):
            return False
        request, newer = self._request, self._latest.request
        lag = clock.monotonic() - self._taken_at
        if newer is not None and not (request.playing and newer.playing and lag < PATIENCE):
            return False
        if lag > PREVIEW_AFTER and not (request.playing or request.steps or self._previewed):
            self._previewed = True
            if self._video.reached is not None:
                self._show(self._video.reached, exact=False)
        return True

    def _show(self, frame: Frame, *, exact: bool, stepped: bool = False) -> None:
        key = (frame.time, exact, self._latest.bounds)
        if key == self._last and not stepped:
            return
        self._last = key
        picture: Picture = picture_of(
            frame, self._video.pixel_aspect, self._latest.bounds, exact=exact
        )
        self._tell("stepped" if stepped else "shown", picture)
