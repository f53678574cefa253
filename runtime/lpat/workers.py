"""Work on many items in several processes, with one item's failure kept to itself."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from lpat.errors import LpatError

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerError(LpatError, RuntimeError):
    """A worker process that ended in the middle of its work."""


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[tuple[Item, Result | LpatError]]:
    """(item, result) as they finish, in any order; an `LpatError` stands in the result's place.

    With one job or one item everything runs in this process. Where a worker dies, the items that
    were in work are done again, each by a worker of its own: whose dies again gets a
    `WorkerError`. Leaving the iteration early, as Ctrl-C does, ends the workers at once. Any
    other exception is a bug and is raised.
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        for item in items:
            yield item, _attempt(function, item)
        return
    remaining: Iterator[Item] = iter(items)
    while lost := (yield from _run_in_pool(function, remaining, jobs)):
        for item in lost:
            if (yield from _run_in_pool(function, iter([item]), 1)):
                yield item, WorkerError("its worker process died, perhaps for want of memory")


def _run_in_pool(
    function: Callable[[Item], Result], items: Iterator[Item], jobs: int
) -> Generator[tuple[Item, Result | LpatError], None, list[Item]]:
    """Results until all are done or a worker dies; returns the items that were taken, but lost."""
    # A fresh interpreter per worker: forking a process with threads (OpenCV, FFmpeg) may hang.
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_prepare_worker
    )
    waiting: dict[Future[Result | LpatError], Item] = {}
    unsent: list[Item] = []
    try:
        while True:
            # A few more than the workers, so that none waits; never the whole batch in memory.
            with interrupts_blocked():
                while len(waiting) < 2 * jobs and (unsent := list(islice(items, 1))):
                    waiting[pool.submit(_attempt, function, unsent[0])] = unsent[0]
                unsent = []
            if not waiting:
                return []
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                result = future.result()
                yield waiting.pop(future), result
    except BrokenProcessPool:
        return [*waiting.values(), *unsent]
    except BaseException:
        _end_workers(pool)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _attempt(function: Callable[[Item], Result], item: Item) -> Result | LpatError:
    try:
        return function(item)
    except LpatError as error:
        return error


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Processes started in the block never see Ctrl-C, which a terminal sends to all of them.

    Until they ignore it themselves they would die of it with a traceback. Here, in the thread that
    starts them, it arrives after the block.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_worker() -> None:
    """Ctrl-C is the parent's to handle; one thread of OpenCV a worker, or they fight."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _end_workers(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):
        process.terminate()
