"""Work on many items in several processes, with one item's failure kept to itself."""

from __future__ import annotations

import ctypes
import functools
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from lpat.errors import LpatError, WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Iterator[tuple[Item, Result | LpatError]]:
    """(item, result) as they finish, in any order; an `LpatError` stands in the result's place.

    With one job or one item everything runs in this process. An item whose worker dies is tried
    once more when the others are done, alone, and then given up with a `WorkerError`. Leaving the
    iteration early, as Ctrl-C does, ends the workers at once. Any other exception is a bug and is
    raised.
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        for item in items:
            yield item, _attempt(function, item)
        return
    # A pool for each worker: when one dies, that tells the item that it was working on.
    idle = [_pool() for _ in range(jobs)]
    working: dict[Future[Result | LpatError], tuple[ProcessPoolExecutor, Item]] = {}
    suspects: list[Item] = []
    ready: list[tuple[Item, Result | LpatError]] = []
    remaining = iter(items)
    try:
        while True:
            # Workers get their next items before whoever iterates takes time over the last.
            with interrupts_blocked():
                for item in islice(remaining, len(idle)):
                    pool = idle.pop()
                    working[pool.submit(_attempt, function, item)] = pool, item
            yield from ready
            ready.clear()
            if not working:
                break
            for future in wait(working, return_when=FIRST_COMPLETED).done:
                pool, item = working.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    pool.shutdown(wait=False)
                    idle.append(_pool())
                    suspects.append(item)
                else:
                    idle.append(pool)
                    ready.append((item, result))
        for item in suspects:  # one at a time: the memory may not suffice for several
            yield item, _attempt_apart(function, item)
    except BaseException:
        _end_workers([*idle, *(pool for pool, _ in working.values())])
        raise
    finally:
        for pool in [*idle, *(pool for pool, _ in working.values())]:
            pool.shutdown(wait=True, cancel_futures=True)


def _attempt_apart(function: Callable[[Item], Result], item: Item) -> Result | LpatError:
    """`_attempt` in a process of its own; if that dies, an error that says so."""
    pool = _pool()
    try:
        with interrupts_blocked():
            future = pool.submit(_attempt, function, item)
        return future.result()
    except BrokenProcessPool:
        return WorkerError(
            "the process that worked on it died twice, perhaps for want of memory, "
            "the second time while nothing else ran"
        )
    except BaseException:
        _end_workers([pool])
        raise
    finally:
        pool.shutdown(wait=True)


def _pool() -> ProcessPoolExecutor:
    """A pool of one worker, a fresh interpreter: forking a process with threads may hang."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_prepare_worker)


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
    """Ctrl-C is the parent's to handle; one thread of OpenCV a worker, or they fight.

    A worker whose parent was killed ends too, or it would wait for work for ever.
    """
    import cv2

    threading.Thread(target=_end_with_parent, daemon=True).start()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end_workers(pools: Sequence[ProcessPoolExecutor]) -> None:
    for pool in pools:
        for process in list((pool._processes or {}).values()):
            process.terminate()


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
