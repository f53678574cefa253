"""Work in several processes."""

import os
import signal
import time

import pytest

from lpat.errors import UsageError
from lpat.workers import WorkerError, run_all


def square(number: int) -> int:
    if number < 0:
        raise UsageError(f"{number} is negative")
    return number * number


def die(number: int) -> int:
    if number == 1:
        os._exit(9)
    return number


def sleep_long(number: int) -> int:
    time.sleep(60 if number else 0)
    return number


def interrupts_are_blocked(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_item_is_done_and_an_error_stands_in_its_place(jobs: int) -> None:
    results = dict(run_all(square, [1, -2, 3, 4, 5, 6, 7], jobs))
    assert isinstance(results.pop(-2), UsageError)
    assert results == {1: 1, 3: 9, 4: 16, 5: 25, 6: 36, 7: 49}


def test_nothing_to_do_gives_nothing() -> None:
    assert list(run_all(square, [], 4)) == []


def test_an_item_whose_worker_dies_fails_alone() -> None:
    results = dict(run_all(die, [0, 1, 2, 3, 4, 5, 6, 7], 2))
    with pytest.raises(WorkerError, match="its worker process died"):
        raise results.pop(1)  # type: ignore[misc] - an int would fail too
    assert results == {number: number for number in (0, 2, 3, 4, 5, 6, 7)}


def test_leaving_early_ends_the_workers_at_once() -> None:
    start = time.monotonic()
    results = run_all(sleep_long, [0, 1, 2], 2)
    assert next(results) == (0, 0)
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 30


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="the system has no signal masks")
def test_an_interrupt_cannot_hit_a_worker_that_is_still_starting() -> None:
    results = run_all(interrupts_are_blocked, [0, 1], 2)
    assert next(results)[1] is True
    assert not interrupts_are_blocked(0), "the parent itself stays open to interrupts"
    assert [blocked for _, blocked in results] == [True]
