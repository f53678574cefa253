"""Reading ahead in a thread: order, bound, errors, and that nothing runs on."""

import threading
from collections.abc import Iterator

import pytest
from tests.waiting import PATIENCE

from lpat.read_ahead import read_ahead


def readers() -> int:
    return sum(thread.name == "read-ahead" for thread in threading.enumerate())


def test_all_items_come_in_order() -> None:
    assert list(read_ahead(iter(range(1000)), 3)) == list(range(1000))
    assert list(read_ahead([None, ()], 1)) == [None, ()]
    assert list(read_ahead([], 1)) == []
    assert readers() == 0


def test_no_more_are_made_than_were_asked_for() -> None:
    made: list[int] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            if number == 3:
                third.set()
            yield number

    ahead = read_ahead(items(), 3)
    assert next(ahead) == 0
    assert third.wait(PATIENCE), "items are made before they are asked for"
    ahead.close()
    assert len(made) <= 5  # one taken, three ahead, one in hand


def test_an_error_comes_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    ahead = read_ahead(items(), 5)
    assert next(ahead) == 1
    with pytest.raises(OSError, match="no more"):
        next(ahead)
    assert readers() == 0


def test_closing_ends_the_thread_and_what_it_reads() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    ahead = read_ahead(items(), 2)
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert readers() == 0


def test_what_is_never_started_needs_no_closing() -> None:
    read_ahead(iter([1]), 1).close()
    assert readers() == 0
