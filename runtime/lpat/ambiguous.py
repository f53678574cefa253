"""Ambiguous intervals of videos: times in which even people can't tell the action.

They are read from the text format of THUMOS'14, a line `video start end` for each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lpat.files.json_files import expect_segment
from lpat.thumos14 import interval_lines
from lpat.types import Float64Array


def read_ambiguous(path: str | Path) -> dict[str, Float64Array]:
    """Ambiguous intervals (N, 2) in seconds of each video that the file names, in its order.

    Blank lines are passed over.

    Raises:
        AnnotationError: the file breaks its format; the message names the line.
    """
    intervals: dict[str, list[tuple[float, float]]] = {}
    for place, name, *times in interval_lines(Path(path)):
        intervals.setdefault(name, []).append(expect_segment(times, place))
    return {name: np.array(times, np.float64) for name, times in intervals.items()}
