"""Memory that a process no longer needs, given back between one video and the next."""

from __future__ import annotations

import ctypes
import functools
import gc
from collections.abc import Callable


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
