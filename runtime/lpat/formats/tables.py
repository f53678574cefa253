"""Comma-separated values (RFC 4180): a row for each detection, in order of time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from lpat.formats.detections import detections_document
from lpat.formats.media import Media
from lpat.types import Detections

HEADER = ("video", "label", "start", "end", "score")


def csv_text(detections: Detections, media: Media) -> str:
    """The table of one video."""
    return csv_document({media.name: detections})


def csv_document(results: Mapping[str, Detections]) -> str:
    """One table of some videos, in their order."""
    return _lines([HEADER]) + "".join(csv_rows(*result) for result in results.items())


def csv_rows(name: str, detections: Detections) -> str:
    """The lines of one video, without the header. Times and scores are those of the JSON."""
    (rows,) = detections_document({name: detections})["results"].values()
    rows.sort(key=lambda row: (row["segment"], row["label"], row["score"]))
    return _lines((name, row["label"], *row["segment"], row["score"]) for row in rows)


def _lines(rows: Iterable[Iterable[object]]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode("utf-8", "backslashreplace").decode()
