"""Items made by another thread, ahead of whoever takes them; and one value that threads share.

`read_ahead` waits for its thread at the end; `items_aside` and `call_aside`, for work that waits on
the outside world, don't. Python handles Ctrl-C between two of its own instructions, which a thread
that is inside FFmpeg doesn't come to. Waiting for another thread, it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Hashable, Iterable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item], size: int) -> Generator[Item]:
    """The items in order, made up to `size` ahead of what was taken.

    An exception comes where the item would have. Closing the iterator ends the thread, once the
    item that it's at is made, and before it returns: what the items are made of can then go.
    """
    room = threading.Semaphore(size)
    made: SimpleQueue[tuple[Item] | BaseException | None] = SimpleQueue()
    stopped = threading.Event()

    def make() -> None:
        try:
            for item in items:
                made.put((item,))
                room.acquire()
                if stopped.is_set():
                    break
        except BaseException as error:  # raised again in the thread that takes the items
            made.put(error)
        else:
            made.put(None)
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=make, name="read-ahead", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            room.release()
            yield item[0]
    finally:
        stopped.set()
        room.release()
        thread.join()


Result = TypeVar("Result")

AHEAD = 64
"""Items that are made before anyone asks for them."""


def call_aside(function: Callable[[], Result], release: Callable[[Result], None]) -> Result:
    """What `function` returns or raises. If nobody waits for it any longer it is released."""
    answers = items_aside(_once(function), release_each=release)
    try:
        return next(answers)
    finally:
        answers.close()


def items_aside(
    items: Iterable[Item],
    *,
    release: Callable[[], None] = lambda: None,
    release_each: Callable[[Item], None] = lambda _: None,
) -> Generator[Item, None, None]:
    """The items, or what making them raises, a few of them made ahead.

    Closing it returns at once, even while the next item is being waited for; `release` is called
    by the thread that makes them, once it is done.
    """
    answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    room = threading.Semaphore(AHEAD)
    left = threading.Event()

    def make() -> None:
        try:
            for item in items:
                room.acquire()
                if left.is_set():
                    release_each(item)
                    return
                answers.put((True, item))
            answers.put((False, None))
        except BaseException as error:
            answers.put((False, error))
        finally:
            release()

    # A daemon: a server that doesn't answer must not keep the process from ending.
    threading.Thread(target=make, name="lpat-aside", daemon=True).start()
    try:
        while True:
            made, answer = answers.get()
            if not made:
                break
            room.release()
            yield answer
    finally:
        left.set()
        room.release()
    if answer is not None:
        raise answer


def _once(function: Callable[[], Result]) -> Generator[Result, None, None]:
    yield function()


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


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
