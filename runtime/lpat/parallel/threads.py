"""Items made by another thread before they are asked for; and one value that threads share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Hashable, Iterable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

AHEAD = 64
"""Items that are made before anyone asks for them, unless another number is given."""


def iterate_in_thread(
    items: Iterable[Item],
    ahead: int = AHEAD,
    *,
    wait: bool = True,
    release: Callable[[], None] = lambda: None,
    release_each: Callable[[Item], None] = lambda _: None,
) -> Generator[Item, None, None]:
    """The items in order, made by a thread of its own up to `ahead` of what was taken.

    What making an item raises comes where the item would have. Closing the iterator ends the
    thread once the item that it is at is made, and waits for that: what the items are made of can
    then go. Without `wait` it returns at once, for items that wait on the outside world: Python
    handles Ctrl-C between two of its own instructions, which a thread that is inside FFmpeg
    doesn't come to, but one that waits for another thread does.

    The thread calls `release` at its end, and `release_each` with an item that nobody takes.
    """
    made: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    room = threading.Semaphore(ahead)
    left = threading.Event()

    def make() -> None:
        try:
            for item in items:
                room.acquire()
                if left.is_set():
                    release_each(item)
                    return
                made.put((True, item))
            made.put((False, None))
        except BaseException as error:  # raised again in the thread that takes the items
            made.put((False, error))
        finally:
            if isinstance(items, Generator):
                items.close()
            release()

    # A daemon: a server that doesn't answer must not keep the process from ending.
    thread = threading.Thread(target=make, name="lpat-items", daemon=True)
    thread.start()
    try:
        while True:
            is_item, answer = made.get()
            if not is_item:
                break
            room.release()
            yield answer
    finally:
        left.set()
        room.release()
        if wait:
            thread.join()
    if answer is not None:
        raise answer


def call_in_thread(function: Callable[[], Result], release: Callable[[Result], None]) -> Result:
    """What `function` returns or raises, called by a thread of its own, so that Ctrl-C ends it.

    A result that nobody waits for any longer is released.
    """
    answers = iterate_in_thread(_once(function), wait=False, release_each=release)
    try:
        return next(answers)
    finally:
        answers.close()


def _once(function: Callable[[], Result]) -> Generator[Result, None, None]:
    yield function()


class LastValueCache(Generic[Key, Value]):
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
