"""One value that took long to make, kept until another is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LastOne(Generic[Key, Value]):
    """The value of the key that was asked for last; any thread may ask.

    It goes before another's is made, so that there's never room needed for two.
    """

    def __init__(self) -> None:
        self._kept: tuple[Key, Value] | None = None
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of a key, made unless it's that of the last."""
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = None
                self._kept = key, make()
            return self._kept[1]
