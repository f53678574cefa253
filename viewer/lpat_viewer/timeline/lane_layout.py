"""Where lanes lie: a row for each class, in it a lane for each track; and what is hit there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lpat.types import Int64Array
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Track
from lpat_viewer.timeline.scale import TimeScale

PADDING = 4
"""Pixels above and below the lanes of a row."""

REACH = 5
"""Pixels around the end of a segment by which it is held."""

Edge = Literal["start", "end"]


@dataclass(frozen=True, eq=False)
class Lane:
    """The segments that a track has of a class."""

    track: Track
    rows: Int64Array  # (N,) of the track
    top: int
    height: int
    resizable: bool = False  # whether its segments are held by their ends


@dataclass(frozen=True, eq=False)
class ClassRow:
    """The lanes of a class, from `top` on, `height` pixels high."""

    label: str
    top: int
    height: int
    lanes: tuple[Lane, ...]


@dataclass(frozen=True)
class Hit:
    """A segment under the cursor, and which of its ends is."""

    chosen: Chosen
    edge: Edge | None = None


@dataclass(frozen=True, eq=False)
class LaneLayout:
    """All rows, from the top of the first on. Pixels count from there."""

    rows: tuple[ClassRow, ...] = ()

    @property
    def height(self) -> int:
        """Pixels that all rows take."""
        return self.rows[-1].top + self.rows[-1].height if self.rows else 0

    def rows_within(self, top: int, bottom: int) -> tuple[ClassRow, ...]:
        """Rows of which a part lies there."""
        return tuple(row for row in self.rows if row.top < bottom and row.top + row.height > top)

    def row_at(self, y: float) -> ClassRow | None:
        """The row of a class at a height."""
        return next((row for row in self.rows if row.top <= y < row.top + row.height), None)

    def lane_at(self, y: float) -> Lane | None:
        """The lane at a height."""
        row = self.row_at(y)
        lanes = row.lanes if row is not None else ()
        return next((lane for lane in lanes if lane.top <= y < lane.top + lane.height), None)

    def row_of(self, label: str) -> ClassRow | None:
        """The row of a class."""
        return next((row for row in self.rows if row.label == label), None)

    def hit(self, x: float, y: float, scale: TimeScale, chosen: Chosen | None) -> Hit | None:
        """The segment there; of several the chosen one, or else the shortest.

        Ends are found in lanes that are resizable, up to `REACH` pixels outside of their segment.
        """
        lane = self.lane_at(y)
        if lane is None or not len(lane.rows) or not scale.contains(x):
            return None
        ends = scale.x(lane.track.segments[lane.rows])
        reach = REACH if lane.resizable else 1
        near = np.flatnonzero((ends[:, 0] - reach <= x) & (x <= ends[:, 1] + reach))
        if not len(near):
            return None
        lengths = ends[near, 1] - ends[near, 0]
        is_chosen = lane.rows[near] == lane.track.row_of(chosen)
        is_inside = (ends[near, 0] <= x) & (x <= ends[near, 1])
        best = near[np.lexsort((lengths, ~is_inside, ~is_chosen))[0]]
        segment = lane.track.chosen(int(lane.rows[best]))
        return Hit(segment, _edge(x, *ends[best].tolist()) if lane.resizable else None)


def lay_out(
    tracks: Sequence[Track], labels: Sequence[str], lane_height: int, *, active: str = ""
) -> LaneLayout:
    """Rows of classes in order, each with a lane for each track, or room for one.

    The review's lanes are resizable, and those of the `active` layer.
    """
    by_label = [_rows_by_label(track) for track in tracks]
    rows: list[ClassRow] = []
    top, held = 0, ("detection", active)
    none = np.zeros(0, np.int64)
    for label in labels:
        lanes = tuple(
            Lane(
                track,
                its.get(label, none),
                top + PADDING + number * lane_height,
                lane_height,
                resizable=track.kind == "review" or (track.kind, track.name) == held,
            )
            for number, (track, its) in enumerate(zip(tracks, by_label, strict=True))
        )
        height = 2 * PADDING + max(len(lanes), 1) * lane_height
        rows.append(ClassRow(label, top, height, lanes))
        top += height
    return LaneLayout(tuple(rows))


def _rows_by_label(track: Track) -> dict[str, Int64Array]:
    order = np.argsort(track.classes, kind="stable")
    numbers, firsts = np.unique(track.classes[order], return_index=True)
    groups = np.split(order, firsts[1:])
    if not len(numbers):
        return {}
    return {track.labels[n]: rows for n, rows in zip(numbers.tolist(), groups, strict=True)}


def _edge(x: float, left: float, right: float) -> Edge | None:
    """The end that is held; a narrow segment is held at its ends from outside only."""
    inside = REACH if right - left >= 4 * REACH else 0
    if x <= left + inside - (inside == 0):
        return "start"
    return "end" if x >= right - inside + (inside == 0) else None
