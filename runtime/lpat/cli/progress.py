"""How a batch tells on stderr what becomes of its inputs."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lpat.features.progress import Speed

if TYPE_CHECKING:
    from tqdm import tqdm

    from lpat.batch.run_record import Outcome, Status
    from lpat.inputs import Input

Kind = Literal["auto", "none", "json"]


class Shown(Protocol):
    """What is told of a batch while it goes on."""

    def __call__(self, outcome: Outcome) -> None:
        """An input is over."""
        ...

    def within(self, source: Input, seconds: float, duration: float | None) -> None:
        """So many seconds of an input's `duration`, where that is known, are done."""
        ...


@contextmanager
def progress(kind: Kind, total: int) -> Iterator[Shown]:
    """Who is told each outcome of a batch of so many inputs, and how far one is meanwhile.

    "json" writes objects, one a line: at the start, for each outcome, at the end, and of an input
    that takes long every second. Otherwise inputs that fell short are named, and "auto" shows a
    bar on a terminal.
    """
    if kind == "json":
        lines = _JsonLines(total)
        try:
            yield lines
        finally:
            lines.end()
        return
    from tqdm import tqdm

    hidden = True if kind == "none" else None  # None: unless stderr is a terminal
    with tqdm(total=total, unit="input", disable=hidden, file=sys.stderr) as bar:
        yield _Bar(bar)


class _Bar:
    """A bar that counts inputs, and behind it how far the present one is."""

    def __init__(self, bar: tqdm[Any]) -> None:
        self._bar = bar
        self._speed = Speed()

    def __call__(self, outcome: Outcome) -> None:
        from lpat.errors import one_line

        name = one_line(outcome.name)
        if outcome.status in ("failed", "partial"):
            self._bar.write(f"{outcome.status}: {name}: {outcome.reason}", file=sys.stderr)
        for note in outcome.notes:
            self._bar.write(f"note: {name}: {note}", file=sys.stderr)
        self._bar.set_postfix_str("", refresh=False)
        self._bar.update()

    def within(self, source: Input, seconds: float, duration: float | None) -> None:
        if (words := self._speed.words(source, seconds, duration)) is not None:
            self._bar.set_postfix_str(words)


class _JsonLines:
    """What programs read: {"event": "start" | "progress" | "input" | "end", ...}."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts: Counter[Status] = Counter()
        self._started = time.monotonic()
        self._speed = Speed()
        self._say("start", {})

    def __call__(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._say("input", {**outcome.document(), "remaining_seconds": self._remaining_seconds()})

    def within(self, source: Input, seconds: float, duration: float | None) -> None:
        if (speed := self._speed.of(source, seconds)) is not None:
            facts = {"name": source.name, "path": str(source.path), "seconds": round(seconds, 3)}
            times = {"duration": duration and round(duration, 3), "speed": round(speed, 3)}
            self._say("progress", {**facts, **times})

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
