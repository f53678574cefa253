"""Waiting on a thread of its own."""

import threading
from collections.abc import Iterator

import pytest
from tests.waiting import PATIENCE

from lpat.parallel.threads import AHEAD, call_in_thread, iterate_in_thread


def test_items_come_in_order_and_are_released_once() -> None:
    released: list[None] = []
    assert list(
        iterate_in_thread(range(3 * AHEAD), wait=False, release=lambda: released.append(None))
    ) == list(range(3 * AHEAD))
    assert released == [None]


def test_an_error_comes_after_the_items_before_it() -> None:
    def break_off() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    items = iterate_in_thread(break_off(), wait=False)
    assert next(items) == 1
    with pytest.raises(OSError, match="gone"):
        next(items)


def test_items_are_made_only_so_far_ahead() -> None:
    made = []
    enough = threading.Event()

    def make() -> Iterator[int]:
        for number in range(10 * AHEAD):
            made.append(number)
            if number == AHEAD:
                enough.set()
            yield number

    items = iterate_in_thread(make(), wait=False)
    next(items)
    assert enough.wait(PATIENCE)
    assert len(made) <= AHEAD + 2
    items.close()


def test_closing_does_not_wait_for_the_next_item() -> None:
    asked, answer, released = threading.Event(), threading.Event(), threading.Event()

    def make() -> Iterator[int]:
        yield 0
        asked.set()
        answer.wait(PATIENCE)
        yield 1

    items = iterate_in_thread(make(), wait=False, release=released.set)
    next(items)
    assert asked.wait(PATIENCE)
    items.close()
    assert not released.is_set()
    answer.set()
    assert released.wait(PATIENCE)


def test_a_call_gives_its_result_or_its_error() -> None:
    assert call_in_thread(lambda: 7, lambda _: None) == 7
    with pytest.raises(ZeroDivisionError):
        call_in_thread(lambda: 1 // 0, lambda _: None)


def readers() -> int:
    return sum(thread.name == "lpat-items" for thread in threading.enumerate())


def test_all_items_come_in_order() -> None:
    assert list(iterate_in_thread(iter(range(1000)), 3)) == list(range(1000))
    assert list(iterate_in_thread([None, ()], 1)) == [None, ()]
    assert list(iterate_in_thread([], 1)) == []
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

    ahead = iterate_in_thread(items(), 3)
    assert next(ahead) == 0
    assert third.wait(PATIENCE), "items are made before they are asked for"
    ahead.close()
    assert len(made) <= 5  # one taken, three ahead, one in hand


def test_an_error_comes_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    ahead = iterate_in_thread(items(), 5)
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

    ahead = iterate_in_thread(items(), 2)
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert readers() == 0


def test_what_is_never_started_needs_no_closing() -> None:
    iterate_in_thread(iter([1]), 1).close()
    assert readers() == 0
