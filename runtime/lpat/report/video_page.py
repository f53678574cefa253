"""A page that plays one video over its timeline, with its detections to choose from."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from lpat.report.curves import value_range
from lpat.report.html import TEMPLATES, page_template
from lpat.report.timeline import (
    MOST_CLASSES,
    TICK_STEPS,
    TIMELINE_STYLE,
    CurveFrame,
    classes_to_show,
    clock_text,
    colour_class,
    draw_class,
    draw_threshold,
    level_ticks,
    probabilities,
)
from lpat.types import Detections, Scores

MOST_ROWS = 1000
"""Detections on a page; of more, the best."""

EMBEDDED = "\0video\0"
"""Where `video_page` wants the video's base64: NULs can't come from any other text of a page."""

_WIDTH, _HEIGHT = 1920, 160  # of the curves; they are stretched to the screen
_MOST_TICKS = 60  # of the ruler; a narrow screen shows some of them


@dataclass(frozen=True)
class Player:
    """What plays on a page, and what its user should know of that."""

    address: str = ""  # of the video, from the page on; empty where there is none to link to
    embedded_type: str = ""  # media type of the video in the page; empty where it isn't there
    notice: str = ""  # why it may not play, or that there is nothing to play
    about: str = ""  # what else is to be said, as that it was too large to be embedded


@dataclass(frozen=True)
class _Row:
    """A detection as the page has it; its number joins its row and its bar."""

    number: int
    label: int  # number of its class on the page
    colour: str
    name: str
    start: float
    end: float
    score: float
    left: float  # percent of the timeline
    width: float
    opacity: float
    shown: tuple[str, str, str]  # start, end and length for people


@dataclass(frozen=True)
class _Class:
    """A class that is found, or has a curve."""

    number: int
    name: str
    colour: str
    count: int
    note: str
    curve: str  # SVG


def video_page(
    name: str,
    scores: Scores,
    detections: Detections,
    duration: float,
    player: Player,
    *,
    offset: float = 0.0,
    index: str = "",
) -> str:
    """The page as one HTML text that needs nothing but the video, without network or server.

    With `player.embedded_type` the text has `EMBEDDED` once, to be replaced by the video in base64.
    Every text is escaped; the only script that the page lets run is its own.

    Args:
        name: of the video.
        scores: what the model says; at least one snippet.
        detections: what was found, best first.
        duration: of the video in seconds from its first picture.
        player: what plays.
        offset: seconds by which players' times are later; all times on the page are players'.
        index: address of the page of all videos, from this page on.
    """
    scores = replace(scores, edges=scores.edges + offset)
    end = max(offset + duration, float(scores.edges[-1]), 1e-3)
    shown = replace(detections, segments=detections.segments + offset)[:MOST_ROWS]
    order = classes_to_show(scores, [shown])
    with_curve = [label for label in order if label in scores.classes][:MOST_CLASSES]
    counts = Counter(detection.label for detection in detections)
    labels = [label for label in order if label in counts or label in with_curve]
    indices = [scores.classes.index(label) for label in with_curve]
    low, high = value_range(scores, indices)
    frame = CurveFrame(_WIDTH, end, low, high, left=0, right=0, top=0, height=_HEIGHT)
    rows = list(_rows(shown, labels, scores.classes, end))
    script = page_script("page_table.js", "video_page.js")
    return page_template("video_page.html").render(
        name=name,
        player=player,
        embedded=EMBEDDED,
        index=index,
        classes=[_class(label, n, scores, counts, frame, with_curve)
                 for n, label in enumerate(labels)],
        rows=rows,
        bars=sorted(rows, key=lambda row: row.start - row.end),  # short ones on top
        hidden=len(detections) - len(rows),
        without_curve=len([label for label in labels if label not in with_curve]),
        threshold=draw_threshold(scores, frame),
        width=_WIDTH,
        height=_HEIGHT,
        ticks=list(_ticks(end)),
        levels=[(f"{value:g}", round(100 * float(frame.y(value)) / _HEIGHT, 2))
                for value in level_ticks(low, high)],
        duration=round(end, 3),
        duration_text=clock_text(end, 1, of=end),
        offset=offset,
        timeline_style=TIMELINE_STYLE,
        script=script,
        script_digest=script_digest(script),
    )  # fmt: skip


@cache
def page_script(*names: str) -> str:
    """Scripts of the templates' folder as one, to be set into a page as they are."""
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)


def script_digest(script: str) -> str:
    """What a page's content security policy calls its script by: no other runs then."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _class(
    label: str,
    number: int,
    scores: Scores,
    counts: Counter[str],
    frame: CurveFrame,
    with_curve: Sequence[str],
) -> _Class:
    if label not in scores.classes:
        return _Class(number, label, colour_class(None), counts[label], "", "")
    index = scores.classes.index(label)
    curve = "\n".join(draw_class(scores, index, frame)) if label in with_curve else ""
    note = f"probability {probabilities(scores)[label]:.2f}"
    return _Class(number, label, colour_class(index), counts[label], note, curve)


def _rows(
    detections: Detections, labels: Sequence[str], classes: Sequence[str], end: float
) -> Iterator[_Row]:
    """The detections in order of time."""
    highest = detections.scores.max(initial=0)
    colours = {
        label: colour_class(classes.index(label) if label in classes else None) for label in labels
    }
    numbers = {label: number for number, label in enumerate(labels)}
    for number, found in enumerate(sorted(detections, key=lambda d: (d.start, d.end, -d.score))):
        left, right = np.clip((found.start / end, found.end / end), 0, 1).tolist()
        share = found.score / highest if highest > 0 else 1.0
        yield _Row(
            number,
            numbers[found.label],
            colours[found.label],
            found.label,
            round(found.start, 3),
            round(found.end, 3),
            float(f"{found.score:.6g}"),
            round(100 * left, 3),
            round(100 * (right - left), 3),
            round(0.45 + 0.55 * min(max(share, 0), 1), 2),
            (
                clock_text(found.start, 2, of=end),
                clock_text(found.end, 2, of=end),
                f"{found.end - found.start:.2f}",
            ),
        )


def _ticks(end: float) -> Iterator[tuple[str, float]]:
    """Times of the ruler and their places in percent."""
    longest = TICK_STEPS[-1] * float(np.ceil(end / TICK_STEPS[-1] / _MOST_TICKS))
    step = next((step for step in TICK_STEPS if end / step <= _MOST_TICKS), longest)
    for number in range(int(end / step + 1e-9) + 1):
        text = clock_text(number * step, 1 if step < 1 else 0, of=end)
        yield text, round(100 * number * step / end, 3)
