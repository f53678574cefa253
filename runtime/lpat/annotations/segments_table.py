"""Tables of segments, as lpat-detect writes them: a row for each, `video,label,start,end`.

Other columns are passed over. Times are seconds.
"""

from __future__ import annotations

from pathlib import Path

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.errors import AnnotationError
from lpat.files.csv_files import Row, read_table
from lpat.files.json_files import expect_times

COLUMNS = ("video", "label", "start", "end")


def read_segments_table(path: Path, text: str) -> list[VideoRecord]:
    """The videos of a table's text, in the order of their first rows.

    Raises:
        AnnotationError: no such table, or a row without a name, label or times; the message names
            the line.
    """
    rows: dict[str, list[LabelledTimes]] = {}
    for row in read_table(path, text, COLUMNS, ",".join(COLUMNS)).rows:
        place = f"{path}: line {row.line}"
        name = row.cells["video"]
        label = row.cells.get("label", "")
        if not appearance(name):
            raise AnnotationError(f"{place}: expected a video's name, not {name!r:.80}")
        if not appearance(label):
            raise AnnotationError(f"{place}: expected a label, not {label!r:.80}")
        rows.setdefault(canonical(name), []).append((label_of(label), *_times(row, place)))
    return [VideoRecord(name, None, None, None, tuple(its)) for name, its in rows.items()]


def _times(row: Row, place: str) -> tuple[float, float]:
    start, end = row.cells.get("start", ""), row.cells.get("end", "")
    try:
        times = [float(start), float(end)]
    except ValueError as error:
        raise AnnotationError(
            f"{place}: expected start and end in seconds, not {start!r:.80}, {end!r:.80}"
        ) from error
    return expect_times(times, place)
