"""Windows of a long video, so that a network never sees more than a bounded part at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

WINDOW = 8192
"""Snippets that are scored at once: 44 minutes at the default stride."""

CONTEXT = 64
"""Snippets that a window sees beyond its own, on each side; networks here look a few far."""


@dataclass(frozen=True)
class Window:
    """Snippets `start` to before `stop`, read from `first` to before `last` to be scored."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """The window's own snippets among those read for it."""
        return slice(self.start - self.first, self.stop - self.first)


def windows(count: int) -> list[Window]:
    """Windows that share `count` snippets out in order, evenly and in as few as can be.

    Each has at most `WINDOW` of its own; up to that many make one, without context.
    """
    parts = -(-count // WINDOW)
    edges = [part * count // parts for part in range(parts)] + [count]
    return [
        Window(start, stop, max(start - CONTEXT, 0), min(stop + CONTEXT, count))
        for start, stop in pairwise(edges)
    ]
