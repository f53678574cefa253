"""Annotations: which actions a video shows and, where known, when.

Two formats are read:

- ActivityNet-style JSON, `{"database": {VIDEO: {"subset", "duration", "annotations":
  [{"label", "segment": [start, end]}]}}}`, with `"labels": [...]` instead of `annotations`
  where no times are known;
- CSV with the columns `video,labels[,subset]`, labels separated by `;` or `|`.

The label "Ambiguous" is no class: THUMOS'14 marks by it times in which even people can't tell.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpat.documents import expect, expect_segment, read_json, read_text
from lpat.errors import AnnotationError
from lpat.types import Float64Array

AMBIGUOUS = "Ambiguous"


@dataclass(frozen=True, eq=False)
class VideoAnnotation:
    """What is known of one video. `labels` are distinct, in order of first appearance."""

    name: str
    subset: str | None
    duration: float | None
    labels: tuple[str, ...]
    segments: Float64Array  # (N, 2) seconds, [start, end)
    segment_labels: tuple[str, ...]  # (N,)
    ambiguous: Float64Array = field(default_factory=lambda: np.zeros((0, 2)))  # (M, 2) as segments


@dataclass(frozen=True, eq=False)
class Annotations:
    """All annotated videos of a file, in its order."""

    path: Path
    videos: tuple[VideoAnnotation, ...]

    @property
    def subsets(self) -> tuple[str, ...]:
        """Names of the subsets, in order of first appearance; none where the file has none."""
        return tuple(dict.fromkeys(v.subset for v in self.videos if v.subset is not None))

    def in_subset(self, subset: str | None) -> tuple[VideoAnnotation, ...]:
        """Videos of a subset, or all of them for None.

        Raises:
            AnnotationError: the file has no such subset.
        """
        if subset is None:
            return self.videos
        if subset not in self.subsets:
            known = ", ".join(self.subsets) or "none"
            raise AnnotationError(f"{self.path}: no subset {subset!r}; its subsets: {known}")
        return tuple(video for video in self.videos if video.subset == subset)

    def labels_by_video(self, subset: str | None) -> dict[str, tuple[str, ...]]:
        """Labels of each video of a subset, and nothing else: all that training may see."""
        return {video.name: video.labels for video in self.in_subset(subset)}


def read_annotations(path: str | Path) -> Annotations:
    """Annotations from a JSON or CSV file.

    Raises:
        AnnotationError: the file breaks its format; the message names the place.
    """
    path = Path(path)
    videos = _videos_of_csv(path) if path.suffix.lower() == ".csv" else _videos_of_json(path)
    if not videos:
        raise AnnotationError(f"{path}: expected annotated videos, but it has none")
    return Annotations(path, tuple(videos))


def _videos_of_json(path: Path) -> list[VideoAnnotation]:
    document = expect(read_json(path), dict, str(path))
    if "database" not in document:
        raise AnnotationError(f'{path}: expected a "database" of videos, but it has none')
    database: Mapping[str, Any] = expect(document["database"], dict, f"{path}: database")
    return [
        _video_of_json(f"{path}: video {name!r}", name, entry) for name, entry in database.items()
    ]


def _video_of_json(place: str, name: str, entry: Any) -> VideoAnnotation:
    expect(entry, dict, place)
    if not ("annotations" in entry or "labels" in entry):
        raise AnnotationError(f'{place}: expected "annotations" or "labels", but it has neither')
    segments: list[tuple[float, float]] = []
    ambiguous: list[tuple[float, float]] = []
    segment_labels: list[str] = []
    for index, annotation in enumerate(expect(entry.get("annotations", []), list, place)):
        here = f"{place}, annotation {index}"
        expect(annotation, dict, here)
        label = _label(annotation.get("label"), here)
        segment = expect_segment(annotation.get("segment"), here)
        if label == AMBIGUOUS:
            ambiguous.append(segment)
            continue
        segment_labels.append(label)
        segments.append(segment)
    # Where both stand and disagree, the segments are what was looked at.
    labels = segment_labels or [
        _label(x, place) for x in expect(entry.get("labels", []), list, place)
    ]
    subset = entry.get("subset")
    return VideoAnnotation(
        name=name,
        subset=None if subset is None else expect(subset, str, f"{place}, subset"),
        duration=_duration(entry.get("duration"), place),
        labels=_distinct(labels),
        segments=np.array(segments, np.float64).reshape(-1, 2),
        segment_labels=tuple(segment_labels),
        ambiguous=np.array(ambiguous, np.float64).reshape(-1, 2),
    )


def _distinct(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for label in labels if label != AMBIGUOUS))


def _label(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise AnnotationError(f"{place}: expected a label, not {value!r}")
    return value


def _duration(value: Any, place: str) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value > 0):
        raise AnnotationError(f"{place}: expected a duration in seconds, not {value!r}")
    return float(value)


def _videos_of_csv(path: Path) -> list[VideoAnnotation]:
    reader = csv.DictReader(read_text(path).splitlines(), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise AnnotationError(f"{path}: line {reader.line_num}: {error}") from error
    missing = {"video", "labels"} - set(reader.fieldnames or ())
    if missing:
        lacking = ", ".join(sorted(missing))
        raise AnnotationError(f"{path}: expected columns video,labels[,subset]; it lacks {lacking}")
    names = Counter(row["video"] for row in rows)
    videos = []
    for number, row in enumerate(rows, start=2):
        place, name = f"{path}: line {number}", row["video"]
        if not name:
            raise AnnotationError(f"{place}: expected a video's name")
        if names[name] > 1:
            raise AnnotationError(f"{path}: {name!r} appears twice")
        if None in row:
            raise AnnotationError(f"{place}: more values than columns; separate labels by ';'")
        words = (row["labels"] or "").replace("|", ";").split(";")
        labels = _distinct(word.strip() for word in words if word.strip())
        subset = (row.get("subset") or "").strip() or None
        videos.append(VideoAnnotation(name, subset, None, labels, np.zeros((0, 2)), ()))
    return videos
