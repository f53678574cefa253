"""The page of a batch: every video with what was found in it, or why there is nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpat.report.html import page_template
from lpat.report.timeline import TIMELINE_STYLE, clock_text, colour_class, merged_pixels
from lpat.report.video_page import page_script, script_digest
from lpat.types import Detections

_WIDTH = 240  # of a video's strip; it is stretched
_HEIGHT = 12


@dataclass(frozen=True, eq=False)
class BatchRow:
    """A video of the batch; those of which nothing became have no detections."""

    name: str
    address: str  # of its page, from the batch's on; empty where it has none
    status: str
    reason: str = ""  # why it isn't plainly done
    duration: float | None = None
    detections: Detections | None = None


@dataclass(frozen=True)
class _Shown:
    """A row as the page has it."""

    row: BatchRow
    duration: str
    classes: Sequence[tuple[str, str, int]]  # name, colour and count of each found
    best: float | None
    strip: str  # SVG


def batch_page(title: str, rows: Sequence[BatchRow], classes: Sequence[str]) -> str:
    """The page as one HTML text that needs no network and no server; its links lead to pages.

    `classes` are the model's, whose order gives them their colours. Every text is escaped; the
    only script that the page lets run is its own.
    """
    script = page_script("page_table.js", "batch_page.js")
    shown = [_shown(row, classes) for row in rows]
    found = {name for entry in shown for name, _, _ in entry.classes}
    return page_template("batch_page.html").render(
        title=title,
        rows=shown,
        found=sorted(found),
        statuses=Counter(row.status for row in rows),
        timeline_style=TIMELINE_STYLE,
        script=script,
        script_digest=script_digest(script),
    )


def _shown(row: BatchRow, classes: Sequence[str]) -> _Shown:
    duration = "" if row.duration is None else clock_text(row.duration, of=row.duration)
    if row.detections is None:
        return _Shown(row, duration, [], None, "")
    counts = Counter(row.detections.classes[label] for label in row.detections.labels)
    ranked = [
        (name, _colour(name, classes), count)
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    best = float(row.detections.scores.max()) if len(row.detections) else None
    return _Shown(row, duration, ranked, best, _strip(row, ranked))


def _colour(name: str, classes: Sequence[str]) -> str:
    return colour_class(classes.index(name) if name in classes else None)


def _strip(row: BatchRow, ranked: Sequence[tuple[str, str, int]]) -> str:
    """Where in the video something was found, the rarest class on top."""
    if row.detections is None or not row.duration:
        return ""
    paths: list[str] = []
    for name, colour, _ in ranked:
        places = np.clip(row.detections.of(name).segments / row.duration, 0, 1) * _WIDTH
        spans = merged_pixels(places[:, 0], places[:, 1])
        path = "".join(f"M{a},0h{b - a}v{_HEIGHT}h{a - b}z" for a, b in spans)
        paths.append(f'<path class="bar {colour}" d="{path}"/>')
    return "".join(paths)
