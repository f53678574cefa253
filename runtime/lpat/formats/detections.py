"""Detections files, ActivityNet-style: {"results": {VIDEO: [{"label", "score", "segment"}]}}."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lpat.errors import AnnotationError
from lpat.files.json_files import expect, expect_segment, read_json
from lpat.types import Detections

VERSION = "lpat-detections-1"


def detections_document(
    results: Mapping[str, Detections], external: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON value that holds the detections of some videos.

    Times are rounded to the millisecond and never to an empty segment; scores keep the six
    digits that order them. `external` says how they were made (`external_data`).
    """
    return {
        "version": VERSION,
        "external_data": dict(external or {}),
        "results": {name: rows_of(detections) for name, detections in results.items()},
    }


def read_detections(path: str | Path) -> dict[str, Detections]:
    """Detections of each video of a file, in its order; all share one tuple of classes.

    Raises:
        AnnotationError: the file breaks its format; the message names the place.
    """
    path = Path(path)
    return detections_from_document(read_json(path), str(path))


def detections_from_document(document: Any, place: str) -> dict[str, Detections]:
    """`read_detections` of the file's JSON value; `place` names it in messages."""
    if "results" not in expect(document, dict, place):
        raise AnnotationError(f'{place}: expected "results" of videos, but it has none')
    rows = {
        name: _parsed(f"{place}: video {name!r}", entries)
        for name, entries in expect(document["results"], dict, f"{place}: results").items()
    }
    classes = tuple(sorted({label for parsed in rows.values() for label, _, _ in parsed}))
    index = {label: number for number, label in enumerate(classes)}
    return {
        name: Detections(
            classes,
            np.array([segment for _, segment, _ in parsed], np.float64).reshape(-1, 2),
            np.array([index[label] for label, _, _ in parsed], np.int64),
            np.array([score for _, _, score in parsed], np.float64),
        )
        for name, parsed in rows.items()
    }


def rows_of(detections: Detections) -> list[dict[str, Any]]:
    """Label, score and segment of each detection, as files have them."""
    rows = []
    for (start, end), label, score in zip(
        detections.segments.tolist(),
        detections.labels.tolist(),
        detections.scores.tolist(),
        strict=True,
    ):
        times = [round(start, 3), round(end, 3)]
        if times[0] >= times[1]:
            times = [start, end]
        rows.append(
            {"label": detections.classes[label], "score": float(f"{score:.6g}"), "segment": times}
        )
    return rows


def _parsed(place: str, entries: Any) -> list[tuple[str, tuple[float, float], float]]:
    parsed = []
    for number, entry in enumerate(expect(entries, list, place)):
        here = f"{place}, detection {number}"
        expect(entry, dict, here)
        label, score = entry.get("label"), entry.get("score")
        if not isinstance(label, str) or not label:
            raise AnnotationError(f"{here}: expected a label, not {label!r}")
        number_given = isinstance(score, int | float) and not isinstance(score, bool)
        if not (number_given and math.isfinite(score)):
            raise AnnotationError(f"{here}: expected a finite score, not {score!r}")
        parsed.append((label, expect_segment(entry.get("segment"), here), float(score)))
    return parsed
