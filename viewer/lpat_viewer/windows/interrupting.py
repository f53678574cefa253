"""Ctrl-C in the terminal closes the window."""

from __future__ import annotations

import signal
import socket
from typing import Protocol

from PySide6.QtCore import QObject, QSocketNotifier


class Closable(Protocol):
    """A window, or several."""

    def close(self) -> bool:
        """Whether it is closed now; the user may choose to stay."""
        ...


class Interrupts(QObject):
    """Closes a window at SIGINT, as its button does: unsaved work is asked about.

    A second one meanwhile ends the process at once. To be made in the main thread; `close` gives
    the signal back.
    """

    def __init__(self, window: Closable) -> None:
        super().__init__()
        self._window = window
        self._closed = False
        # Qt's loop gives Python no turn to handle a signal; bytes in a socket wake it.
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._take)
        self._before = signal.signal(signal.SIGINT, lambda *_: None)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno())

    @property
    def closed_window(self) -> bool:
        """Whether the window was closed by it."""
        return self._closed

    def close(self) -> None:
        """Listen no more."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup_before)
        signal.signal(signal.SIGINT, self._before)
        self._reader.close()
        self._writer.close()

    def _take(self) -> None:
        self._reader.recv(4096)
        ours = signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._closed = self._window.close()
        if not self._closed:  # the user chose to stay
            signal.signal(signal.SIGINT, ours)
