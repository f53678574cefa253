"""Detections files, ActivityNet-style: {"results": {VIDEO: [{"label", "score", "segment"}]}}."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpat.annotations.checks import Finding, oddity
from lpat.annotations.identity import appearance, label_of, unique_names
from lpat.errors import AnnotationError
from lpat.files.csv_files import refuse_spreadsheet
from lpat.files.json_files import expect, expect_times, read_json
from lpat.files.kinds import but_it_is, kind_of
from lpat.types import Detections

VERSION = "lpat-detections-1"

DETECTIONS_NAME = "detections.json"
"""The file of all results in lpat-detect's output folder."""


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


@dataclass(frozen=True, eq=False)
class DetectionsFile:
    """Detections by video, all of one tuple of classes, of a `place`, and what is odd about it."""

    place: str
    results: dict[str, Detections]
    findings: tuple[Finding, ...] = ()


def read_detections(path: str | Path) -> dict[str, Detections]:
    """Detections of each video of a file, in its order; all share one tuple of classes.

    Detections that no video can show are left out (`read_detections_file` tells them). A folder
    is one that lpat-detect wrote.

    Raises:
        AnnotationError: the file breaks its format; the message names the place.
    """
    return read_detections_file(Path(path)).results


def read_detections_file(path: Path) -> DetectionsFile:
    """`read_detections` of a file, with what is odd about it.

    Raises:
        AnnotationError: the file breaks its format; the message names the place.
    """
    path = detections_path(path)
    refuse_spreadsheet(path)
    if path.suffix.lower() != ".json" and (kind := kind_of(path)) is not None:
        raise AnnotationError(f"{path}: expected detections as JSON, not {kind}")
    return detections_from_document(read_json(path), str(path))


def detections_path(path: Path) -> Path:
    """The file of all results in a folder that lpat-detect wrote; of a file, itself.

    Raises:
        AnnotationError: a folder without it.
    """
    if not path.is_dir():
        return path
    inside = path / DETECTIONS_NAME
    if not inside.is_file():
        raise AnnotationError(
            f"{path}: expected detections, a file or lpat-detect's output folder with "
            f"{DETECTIONS_NAME}, not a folder without it"
        )
    return inside


def detections_from_document(document: Any, place: str) -> DetectionsFile:
    """`read_detections_file` of the file's JSON value; `place` names it in messages."""
    if "results" not in expect(document, dict, place):
        raise AnnotationError(
            f'{place}: expected "results" of videos, but it has none{but_it_is(Path(place))}'
        )
    entries = expect(document["results"], dict, f"{place}: results")
    names = unique_names(entries, place)
    findings: list[Finding] = []
    rows = {
        names[name]: _parsed(f"{place}: video {name!r}", names[name], its, findings)
        for name, its in entries.items()
    }
    classes = tuple(sorted({label for parsed in rows.values() for label, _, _ in parsed}))
    index = {label: number for number, label in enumerate(classes)}
    results = {
        name: Detections(
            classes,
            np.array([segment for _, segment, _ in parsed], np.float64).reshape(-1, 2),
            np.array([index[label] for label, _, _ in parsed], np.int64),
            np.array([score for _, _, score in parsed], np.float64),
        )
        for name, parsed in rows.items()
    }
    return DetectionsFile(place, results, tuple(findings))


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


def _parsed(
    place: str, name: str, entries: Any, findings: list[Finding]
) -> list[tuple[str, tuple[float, float], float]]:
    parsed = []
    for number, entry in enumerate(expect(entries, list, place)):
        here = f"{place}, detection {number}"
        expect(entry, dict, here)
        label, score = entry.get("label"), entry.get("score")
        if not isinstance(label, str) or not appearance(label):
            raise AnnotationError(f"{here}: expected a label, not {label!r}")
        number_given = isinstance(score, int | float) and not isinstance(score, bool)
        if not (number_given and math.isfinite(score)):
            raise AnnotationError(f"{here}: expected a finite score, not {score!r}")
        start, end = expect_times(entry.get("segment"), here)
        if (reason := oddity(start, end)) is None:
            parsed.append((label_of(label), (start, end), float(score)))
        else:
            findings.append(Finding("detections", name, f"{label} [{start}, {end}] {reason}"))
    return parsed
