"""Items made by a thread of its own, ahead of whoever takes them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from queue import SimpleQueue
from typing import TypeVar

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
