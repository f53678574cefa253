"""Waiting for what must come: as long as a busy machine may take, and no longer than it does."""

import time
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds after which what a test waits for is taken to never come."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once a condition holds, or fail."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
