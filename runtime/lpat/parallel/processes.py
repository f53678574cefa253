"""Work on many items in several processes, with one item's failure kept to itself."""

from __future__ import annotations

import ctypes
import functools
import gc
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.synchronize import Event
from typing import TypeVar

from lpat.errors import LpatError, WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


NO_START = (
    "the processes that were to work could not start: a program that uses several must be a file "
    'that can be imported, with what it does under `if __name__ == "__main__":`; one job, jobs=1, '
    "needs no processes"
)


def possible_jobs(jobs: int) -> int:
    """How many of so many processes may be had: 1, and a warning, in a daemon.

    Such are the workers of `multiprocessing.Pool`.
    """
    if jobs > 1 and multiprocessing.current_process().daemon:
        warnings.warn(
            "a daemonic process, as of multiprocessing.Pool, can't start others: jobs=1 is used",
            RuntimeWarning,
            stacklevel=3,
        )
        return 1
    return jobs


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[tuple[Item, Result | LpatError]]:
    """(item, result) as they finish, in any order; an `LpatError` stands in the result's place.

    With one job or one item everything runs in this process, and so it does, with a warning, in a
    daemon, which may start no processes. An item whose worker dies is tried once more when the
    others are done, alone, and then given up with a `WorkerError`. Leaving the iteration early, as
    Ctrl-C does, ends the workers at once. Any other exception is a bug and is raised.

    Raises:
        WorkerError: no worker can start.
    """
    jobs = possible_jobs(min(jobs, len(items)))
    if jobs <= 1:
        return ((item, _attempt(function, item)) for item in items)
    return _run_in_workers(function, items, jobs)


def _run_in_workers(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[tuple[Item, Result | LpatError]]:
    # A pool for each worker: when one dies, that tells the item that it was working on.
    idle = [_Worker() for _ in range(jobs)]
    working: dict[Future[Result | LpatError], tuple[_Worker, Item]] = {}
    any_started = False
    suspects: list[Item] = []
    ready: list[tuple[Item, Result | LpatError]] = []
    remaining = iter(items)
    try:
        while True:
            # Workers get their next items before whoever iterates takes time over the last.
            with interrupts_blocked():
                for item in islice(remaining, len(idle)):
                    worker = idle.pop()
                    working[worker.submit(function, item)] = worker, item
            yield from ready
            ready.clear()
            if not working:
                break
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                worker, item = working.pop(future)
                any_started = any_started or worker.has_started()
                try:
                    result = future.result()
                except BrokenProcessPool:
                    worker.shutdown(wait=False)
                    if any_started:  # else the next would start no better
                        idle.append(_Worker())
                    suspects.append(item)
                else:
                    idle.append(worker)
                    ready.append((item, result))
        if not any_started:
            raise WorkerError(NO_START)
        for item in suspects:  # one at a time: the memory may not suffice for several
            yield item, _attempt_apart(function, item)
    except BaseException:
        _end_workers([*idle, *(worker for worker, _ in working.values())])
        raise
    finally:
        for worker in [*idle, *(worker for worker, _ in working.values())]:
            worker.shutdown(wait=True, cancel_futures=True)


def _attempt_apart(function: Callable[[Item], Result], item: Item) -> Result | LpatError:
    """`_attempt` in a process of its own; if that dies, an error that says so."""
    worker = _Worker()
    try:
        with interrupts_blocked():
            future = worker.submit(function, item)
        return future.result()
    except BrokenProcessPool:
        if not worker.has_started():
            return WorkerError("the process that was to work on it again could not start")
        return WorkerError(
            "the process that worked on it died twice, perhaps for want of memory, "
            "the second time while nothing else ran"
        )
    except BaseException:
        _end_workers([worker])
        raise
    finally:
        worker.shutdown(wait=True)


class _Worker:
    """A pool of one process, a fresh interpreter: forking a process with threads may hang."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._started = context.Event()
        self._pool = ProcessPoolExecutor(
            1, context, initializer=_prepare_worker, initargs=(self._started,)
        )
        self.shutdown = self._pool.shutdown

    def submit(self, function: Callable[[Item], Result], item: Item) -> Future[Result | LpatError]:
        """Let it work on an item."""
        return self._pool.submit(_attempt, function, item)

    def has_started(self) -> bool:
        """Whether it came as far as its first item."""
        return self._started.is_set()

    def terminate(self) -> None:
        """End it at once."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()


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


def _prepare_worker(started: Event) -> None:
    """Ctrl-C is the parent's to handle; one thread of OpenCV a worker, or they fight.

    A worker whose parent was killed ends too, or it would wait for work for ever.
    """
    import cv2

    threading.Thread(target=_end_with_parent, daemon=True).start()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    started.set()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end_workers(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.terminate()


def give_back_memory() -> None:
    """Collect what nothing holds any more, and return free memory to the system.

    Pictures are large, and Python, which counts objects and not their bytes, is slow to collect
    those that hold each other. What threads have freed, glibc keeps for threads to come. Without
    this, a worker grows by a megabyte or two with every video.
    """
    gc.collect()
    if (trim := _trim()) is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; None where there is another library."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
