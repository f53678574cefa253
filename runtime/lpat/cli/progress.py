"""How a batch tells on stderr what becomes of its inputs."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from lpat.batch.outcomes import Outcome, Status

Kind = Literal["auto", "none", "json"]


@contextmanager
def progress(kind: Kind, total: int) -> Iterator[Callable[[Outcome], None]]:
    """A function that is told each outcome of a batch of so many inputs.

    "json" writes objects, one a line: at the start, for each outcome, at the end. Otherwise inputs
    that fell short are named, and "auto" shows a bar on a terminal.
    """
    if kind == "json":
        lines = _JsonLines(total)
        try:
            yield lines.show
        finally:
            lines.end()
        return
    from tqdm import tqdm

    from lpat.addresses import one_line

    hidden = True if kind == "none" else None  # None: unless stderr is a terminal
    with tqdm(total=total, unit="input", disable=hidden, file=sys.stderr) as bar:

        def show(outcome: Outcome) -> None:
            name = one_line(outcome.name)
            if outcome.status in ("failed", "partial"):
                tqdm.write(f"{outcome.status}: {name}: {outcome.reason}", file=sys.stderr)
            for note in outcome.notes:
                tqdm.write(f"note: {name}: {note}", file=sys.stderr)
            bar.update()

        yield show


class _JsonLines:
    """What programs read: {"event": "start" | "input" | "end", ...}."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts: Counter[Status] = Counter()
        self._started = time.monotonic()
        self._say("start", {})

    def show(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._say("input", {**outcome.document(), "remaining_seconds": self._remaining_seconds()})

    def end(self) -> None:
        self._say("end", {"seconds": round(time.monotonic() - self._started, 3)})

    def _remaining_seconds(self) -> float | None:
        """By the time that inputs took so far; those that were skipped took none."""
        worked = self._counts.total() - self._counts["skipped"]
        if not worked:
            return None
        pending = self._total - self._counts.total()
        return round((time.monotonic() - self._started) / worked * pending, 1)

    def _say(self, event: str, facts: Mapping[str, Any]) -> None:
        counts = {**self._counts, "total": self._total}
        print(json.dumps({"event": event, **facts, "counts": counts}), file=sys.stderr, flush=True)
