"""Work that waits on the outside world, on a thread of its own, so that Ctrl-C needn't wait too.

Python handles Ctrl-C between two of its own instructions, which a thread that is inside FFmpeg
doesn't come to. Waiting for another thread, it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from queue import SimpleQueue
from typing import Any, TypeVar

Item = TypeVar("Item")
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
