"""Waiting on a thread of its own."""

import threading
from collections.abc import Iterator

import pytest
from tests.waiting import PATIENCE

from lpat.aside import AHEAD, call_aside, items_aside


def test_items_come_in_order_and_are_released_once() -> None:
    released: list[None] = []
    assert list(items_aside(range(3 * AHEAD), release=lambda: released.append(None))) == list(
        range(3 * AHEAD)
    )
    assert released == [None]


def test_an_error_comes_after_the_items_before_it() -> None:
    def break_off() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    items = items_aside(break_off())
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

    items = items_aside(make())
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

    items = items_aside(make(), release=released.set)
    next(items)
    assert asked.wait(PATIENCE)
    items.close()
    assert not released.is_set()
    answer.set()
    assert released.wait(PATIENCE)


def test_a_call_gives_its_result_or_its_error() -> None:
    assert call_aside(lambda: 7, lambda _: None) == 7
    with pytest.raises(ZeroDivisionError):
        call_aside(lambda: 1 // 0, lambda _: None)
