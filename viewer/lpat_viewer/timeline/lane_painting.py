"""How segments look. A verdict shows in form as well as in colour.

    hit            filled                    truth that was found    filled
    false alarm    hatched                   truth that was missed   dashed outline
    proposed       outline                   accepted                filled
    rejected       faint outline, struck through

A detection is the higher, the surer it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from lpat.types import Float64Array, Int64Array
from lpat_viewer.models.tracks import Mark, Track
from lpat_viewer.theme import Theme
from lpat_viewer.timeline.lane_layout import Lane
from lpat_viewer.timeline.scale import TimeScale

LOWEST = 0.4
"""Share of a lane's height that the least sure detection takes."""


@dataclass(frozen=True)
class Look:
    """Fill and outline of segments."""

    fill: QBrush
    outline: QPen
    struck: bool = False


def look_of(mark: Mark, kind: str, colour: QColor, theme: Theme) -> Look:
    """How segments of a mark look, of a class of that colour."""
    return _look_of(mark, kind, colour.rgba(), theme)


@lru_cache(maxsize=1024)
def _look_of(mark: Mark, kind: str, rgba: int, theme: Theme) -> Look:
    colour = QColor.fromRgba(rgba)
    alarm, miss, truth = QColor(theme.false_alarm), QColor(theme.miss), QColor(theme.truth)
    looks = {
        Mark.NONE: _filled(truth if kind == "truth" else colour),
        Mark.HIT: _filled(QColor(theme.hit)),
        Mark.FALSE_ALARM: Look(QBrush(alarm, Qt.BrushStyle.BDiagPattern), QPen(alarm)),
        Mark.FOUND: _filled(truth),
        Mark.MISS: Look(QBrush(_faint(miss, 50)), QPen(miss, 1.5, Qt.PenStyle.DashLine)),
        Mark.PROPOSED: Look(QBrush(_faint(colour, 40)), QPen(colour, 1.5)),
        Mark.ACCEPTED: _filled(colour),
        Mark.REJECTED: Look(
            QBrush(Qt.BrushStyle.NoBrush),
            QPen(_faint(truth, 190), 1, Qt.PenStyle.DotLine),
            struck=True,
        ),
    }
    return looks[mark]


GAP_FROM = 4
"""Pixels. Longer segments are drawn a pixel shorter, so that two that touch are seen as two."""

STROKE = 2
"""Pixels by which the stroke through a rejected segment is longer than it, on either side."""

OVERHANG = STROKE + 2
"""Pixels that boxes are painted beyond, at most: strokes and the width of pens."""


@dataclass(frozen=True, eq=False)
class LanePicture:
    """A lane at a time scale: of each mark, boxes (M, 4) of x, y, width and height."""

    lane: Lane
    boxes: dict[Mark, Float64Array]


def draw_lane(lane: Lane, scale: TimeScale, *, left_out: int | None = None) -> LanePicture:
    """All segments of a lane that lie in the visible time; of a review, all but one."""
    track = lane.track
    segments = track.segments[lane.rows]
    visible = (segments[:, 1] >= scale.start) & (segments[:, 0] <= scale.end)
    if track.kind == "review" and left_out is not None:
        visible &= track.numbers[lane.rows] != left_out
    rows = lane.rows[visible]
    ends = np.clip(scale.x(track.segments[rows]), scale.left - 4, scale.left + scale.width + 4)
    heights = heights_of(track, rows) * (lane.height - 3)
    marks = track.marks[rows]
    pictured = {}
    for mark in np.unique(marks).tolist():
        its = marks == mark
        boxes = boxes_of(ends[its], heights[its], lane.top + lane.height - 1)
        boxes[:, 2] -= np.where(boxes[:, 2] > GAP_FROM, 2, 0)  # one is the outline's
        pictured[Mark(mark)] = boxes
    return LanePicture(lane, pictured)


def paint_lane(
    painter: QPainter, picture: LanePicture, theme: Theme, colour: QColor, left: int, right: int
) -> None:
    """Paint what of a lane touches the pixels from left to right."""
    for mark, boxes in picture.boxes.items():
        touching = boxes[
            (boxes[:, 0] <= right + OVERHANG) & (boxes[:, 0] + boxes[:, 2] >= left - OVERHANG)
        ]
        if not len(touching):
            continue
        look = look_of(mark, picture.lane.track.kind, colour, theme)
        painter.setPen(look.outline)
        painter.setBrush(look.fill)
        painter.drawRects([QRectF(*box) for box in touching.tolist()])
        if look.struck:
            middle = picture.lane.top + picture.lane.height / 2
            painter.setPen(QPen(look.outline.color(), 1.5))
            lines = [
                QLineF(x - STROKE, middle, x + width + STROKE, middle)
                for x, _, width, _ in touching.tolist()
            ]
            painter.drawLines(lines)


def boxes_of(ends: Float64Array, heights: Float64Array, bottom: float) -> Float64Array:
    """Boxes (M, 4) of x, y, width and height for segments that end at pixels (N, 2).

    Those narrower than a pixel that fall on the same pixel, or on pixels side by side, become one,
    as high as the highest, so that there are never more boxes than pixels.
    """
    widths = ends[:, 1] - ends[:, 0]
    wide = widths >= 1
    boxes = [_boxes(ends[wide, 0], widths[wide], heights[wide], bottom)]
    if not wide.all():
        pixels = np.floor(ends[~wide, 0])
        order = np.argsort(pixels, kind="stable")
        pixels, narrow = pixels[order], heights[~wide][order]
        firsts = np.flatnonzero(np.diff(pixels, prepend=-np.inf) > 1)
        lasts = np.append(firsts[1:], len(pixels)) - 1
        lengths = pixels[lasts] - pixels[firsts] + 1
        boxes.append(_boxes(pixels[firsts], lengths, np.maximum.reduceat(narrow, firsts), bottom))
    return np.concatenate(boxes)


def heights_of(track: Track, rows: Int64Array) -> Float64Array:
    """Shares (N,) of a lane's height of some rows of a track.

    From `LOWEST` to 1 by score; 1 without one, or in a review.

    Scores count from 0 to the highest of the track, or from the lowest if that is below 0.
    """
    scores = track.scores
    if track.kind != "detection" or not len(scores):
        return np.ones(len(rows))
    lowest, highest = min(float(scores.min()), 0.0), float(scores.max())
    if not highest > lowest:
        return np.ones(len(rows))
    share = (scores[rows] - lowest) / (highest - lowest)
    return LOWEST + (1 - LOWEST) * share


def _boxes(
    lefts: Float64Array, widths: Float64Array, heights: Float64Array, bottom: float
) -> Float64Array:
    boxes = np.empty((len(lefts), 4))
    boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = lefts, bottom - heights, widths, heights
    return boxes


def _filled(colour: QColor) -> Look:
    return Look(QBrush(colour), QPen(colour))


def _faint(colour: QColor, alpha: int) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(alpha)
    return faint
