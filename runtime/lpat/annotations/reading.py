"""Annotations: which actions a video shows and, where known, when.

Of our own and of data sets:

- ActivityNet-style JSON, `{"database": {VIDEO: {"subset", "duration", "annotations":
  [{"label", "segment": [start, end]}]}}}`, with `"labels": [...]` instead of `annotations`
  where no times are known, and `"counts": {LABEL: NUMBER}` where it is known how often;
- CSV with the columns `video,labels[,subset]`, labels separated by `;` or `|`;
  an empty list of either format says that nothing happens in the video;
- CSV with the columns `video,label,start,end`, as lpat-detect writes it, a row for each segment;
- a folder of THUMOS'14's text files (lpat.annotations.thumos14);
- a folder of W-TALC's arrays (lpat.annotations.wtalc);

of tools to annotate by hand:

- ELAN's .eaf, a file or a folder of them (lpat.annotations.elan);
- Label Studio's JSON and JSON-MIN (lpat.annotations.label_studio);
- BORIS' tables of events and projects (lpat.annotations.boris);
- VIA 3's projects and tables (lpat.annotations.via).

What is odd in them, but no reason to fail, is kept as findings.

The label "Ambiguous" is no class: THUMOS'14 marks by it times in which even people can't tell.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lpat.annotations.boris import (
    event_table,
    is_boris_project,
    read_boris_project,
    read_boris_table,
)
from lpat.annotations.checks import (
    AMBIGUOUS,
    Finding,
    LabelledTimes,
    VideoRecord,
    findings_of,
    has_duration,
    says_what_it_shows,
    takes_time,
)
from lpat.annotations.elan import read_eaf
from lpat.annotations.label_studio import read_label_studio
from lpat.annotations.thumos14 import class_files, is_ambiguous, read_class_files
from lpat.annotations.via import HEADER, is_via_project, read_via_project, read_via_table
from lpat.annotations.wtalc import holds_wtalc_annotations, read_wtalc_annotations
from lpat.errors import AnnotationError
from lpat.files.json_files import expect, expect_segment, read_json, read_text
from lpat.types import Float64Array


@dataclass(frozen=True, eq=False)
class VideoAnnotation:
    """What is known of one video. `labels` are distinct, in order of first appearance.

    Without labels nothing happens in it, unless it is `doubtful`: labelled "Ambiguous", be it
    without times. `counts` says how often it shows a label, of those for which that is known.
    """

    name: str
    subset: str | None
    duration: float | None
    labels: tuple[str, ...]
    segments: Float64Array  # (N, 2) seconds, [start, end)
    segment_labels: tuple[str, ...]  # (N,)
    ambiguous: Float64Array = field(default_factory=lambda: np.zeros((0, 2)))  # (M, 2) as segments
    counts: Mapping[str, int] = field(default_factory=dict)
    doubtful: bool = False

    @property
    def only_ambiguous(self) -> bool:
        """Whether nothing but ambiguity is known of it: nothing to learn or look for."""
        return (self.doubtful or len(self.ambiguous) > 0) and not self.labels


@dataclass(frozen=True, eq=False)
class Annotations:
    """All annotated videos of a file or folder, in its order, and what is odd about them.

    `unknown` has the subsets, by name, of those of which it doesn't say what they show.
    """

    path: Path
    videos: tuple[VideoAnnotation, ...]
    findings: tuple[Finding, ...] = ()
    unknown: Mapping[str, str | None] = field(default_factory=dict)

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

    def findings_in(self, subset: str | None) -> tuple[Finding, ...]:
        """Findings in the videos of a subset, or all of them for None."""
        names = {video.name for video in self.in_subset(subset)}
        names |= {name for name, its in self.unknown.items() if subset in (None, its)}
        return tuple(finding for finding in self.findings if finding.video in names)

    def labels_by_video(self, subset: str | None) -> dict[str, tuple[str, ...]]:
        """Labels of each video of a subset, and nothing else: all that most training may see.

        A video without any is one in which nothing happens. Those of which nothing but ambiguity
        is known are left out.
        """
        return {
            video.name: video.labels for video in self.in_subset(subset) if not video.only_ambiguous
        }

    def counts_by_video(self, subset: str | None) -> dict[str, Mapping[str, int]]:
        """How often each video of a subset shows a label, where that is known: for 3C-Net.

        A label's segments are counted whatever their times are, those of no time too, so that no
        time can be told from a count.
        """
        return {video.name: video.counts for video in self.in_subset(subset)}


def read_annotations(path: str | Path) -> Annotations:
    """Annotations from a file, or a folder of THUMOS'14's, W-TALC's or ELAN's files.

    Raises:
        AnnotationError: the file breaks its format, or doesn't say of any video what it shows; the
            message names the place.
    """
    path = Path(path)
    records = _records(path)
    if not records:
        raise AnnotationError(f"{path}: expected annotated videos, but it has none")
    videos = tuple(_annotation(record) for record in records if says_what_it_shows(record))
    if not videos:
        raise AnnotationError(
            f"{path}: expected annotations or labels of a video, but none of {len(records)} has "
            f"them, the first is {records[0].name!r}"
        )
    findings = tuple(finding for record in records for finding in findings_of(record))
    unknown = {r.name: r.subset for r in records if not says_what_it_shows(r)}
    return Annotations(path, videos, findings, unknown)


def _annotation(record: VideoRecord) -> VideoAnnotation:
    classes = [row for row in record.rows if row[0] != AMBIGUOUS]
    # Where segments and list disagree, the segments are what was looked at.
    labels = [label for label, _, _ in classes] or (record.listed or ())
    timed = [row for row in classes if takes_time(row)]
    ambiguous = [row for row in record.rows if row[0] == AMBIGUOUS and takes_time(row)]
    return VideoAnnotation(
        name=record.name,
        subset=record.subset,
        duration=record.duration if has_duration(record) else None,
        labels=tuple(dict.fromkeys(label for label in labels if label != AMBIGUOUS)),
        segments=_times(timed),
        segment_labels=tuple(label for label, _, _ in timed),
        ambiguous=_times(ambiguous),
        # As with labels: what was looked at counts before what is listed.
        counts={**record.counts, **Counter(label for label, _, _ in classes)},
        doubtful=AMBIGUOUS in (*(label for label, _, _ in record.rows), *(record.listed or ())),
    )


def _times(rows: list[LabelledTimes]) -> Float64Array:
    return np.array([times for _, *times in rows], np.float64).reshape(-1, 2)


def _records(path: Path) -> list[VideoRecord]:
    if path.is_dir():
        return _records_of_folder(path)
    match path.suffix.lower():
        case ".csv" | ".tsv":
            return _records_of_table(path)
        case ".eaf":
            return [read_eaf(path)]
    return _records_of_json(path)


def _records_of_folder(folder: Path) -> list[VideoRecord]:
    if files := sorted(folder.glob("*.eaf")):
        records = [read_eaf(file) for file in files]
        names = Counter(record.name for record in records)
        for file, record in zip(files, records, strict=True):
            if names[record.name] > 1:
                raise AnnotationError(f"{file}: video {record.name!r} has another file there")
        return records
    files = class_files(folder)
    has_classes = not all(map(is_ambiguous, files))
    if holds_wtalc_annotations(folder) != has_classes:
        return read_class_files(files) if has_classes else read_wtalc_annotations(folder)
    raise AnnotationError(
        f"{folder}: expected ELAN's .eaf files, or either THUMOS'14's files CLASS_test.txt and "
        "CLASS_val.txt or W-TALC's videoname.npy and its like, but it has "
        f"{'both' if has_classes else 'neither'}"
    )


def holds_annotations(document: Any) -> bool:
    """Whether a JSON value is of one of the formats of annotations, be it broken."""
    if isinstance(document, dict):
        return "database" in document or is_boris_project(document) or is_via_project(document)
    return isinstance(document, list) and len(document) > 0


def _records_of_json(path: Path) -> list[VideoRecord]:
    document = read_json(path)
    if isinstance(document, list) and document:
        return read_label_studio(document, str(path))
    document = expect(document, dict, str(path))
    if is_boris_project(document):
        return read_boris_project(document, str(path))
    if is_via_project(document):
        return read_via_project(document, str(path))
    if "database" not in document:
        raise AnnotationError(f'{path}: expected a "database" of videos, but it has none')
    database: Mapping[str, Any] = expect(document["database"], dict, f"{path}: database")
    return [
        _record_of_json(f"{path}: video {name!r}", name, entry) for name, entry in database.items()
    ]


def _record_of_json(place: str, name: str, entry: Any) -> VideoRecord:
    expect(entry, dict, place)
    rows: list[LabelledTimes] = []
    for index, annotation in enumerate(expect(entry.get("annotations", []), list, place)):
        here = f"{place}, annotation {index}"
        expect(annotation, dict, here)
        label = _label(annotation.get("label"), here)
        rows.append((label, *expect_segment(annotation.get("segment"), here)))
    listed = () if "annotations" in entry and not rows else None
    if entry.get("labels") is not None:
        listed = tuple(_label(value, place) for value in expect(entry["labels"], list, place))
    subset = entry.get("subset")
    return VideoRecord(
        name=name,
        subset=None if subset is None else expect(subset, str, f"{place}, subset"),
        duration=_duration(entry.get("duration"), place),
        listed=listed,
        rows=tuple(rows),
        counts=_counts(entry.get("counts"), f"{place}, counts"),
    )


def _label(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise AnnotationError(f"{place}: expected a label, not {value!r}")
    return value


def _counts(value: Any, place: str) -> dict[str, int]:
    if value is None:
        return {}
    for label, number in expect(value, dict, place).items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise AnnotationError(
                f"{place}: expected a whole number from 1 for {label!r}, not {number!r}"
            )
    return value


def _duration(value: Any, place: str) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and 0 < value <= sys.float_info.max):
        raise AnnotationError(f"{place}: expected a duration in seconds, not {value!r}")
    return float(value)


def _records_of_table(path: Path) -> list[VideoRecord]:
    text = read_text(path)
    if HEADER in text:
        return read_via_table(text, str(path))
    names = set(next(csv.reader(text.splitlines()[:1]), []))
    if {"video", "label", "start", "end"} <= names:
        return _records_of_segments(path, text)
    if "video" not in names and (events := event_table(text)) is not None:
        return read_boris_table(events, str(path))
    return _records_of_csv(path, text.splitlines())


def _records_of_segments(path: Path, text: str) -> list[VideoRecord]:
    """Those of rows `video,label,start,end`, whatever columns there are beside."""
    rows: dict[str, list[LabelledTimes]] = {}
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for row in reader:
        place = f"{path}: line {reader.line_num}"
        if not row["video"]:
            raise AnnotationError(f"{place}: expected a video's name")
        try:
            times = float(row["start"]), float(row["end"])
        except (TypeError, ValueError) as error:
            raise AnnotationError(
                f"{place}: expected start and end in seconds, not {row['start']!r}, {row['end']!r}"
            ) from error
        segment = expect_segment(list(times), place)
        rows.setdefault(row["video"], []).append((_label(row["label"], place), *segment))
    return [VideoRecord(name, None, None, None, tuple(its)) for name, its in rows.items()]


def _records_of_csv(path: Path, lines: list[str]) -> list[VideoRecord]:
    reader = csv.DictReader(lines, strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise AnnotationError(f"{path}: line {reader.line_num}: {error}") from error
    missing = {"video", "labels"} - set(reader.fieldnames or ())
    if missing:
        lacking = ", ".join(sorted(missing))
        raise AnnotationError(f"{path}: expected columns video,labels[,subset]; it lacks {lacking}")
    names = Counter(row["video"] for row in rows)
    records = []
    for number, row in enumerate(rows, start=2):
        place, name = f"{path}: line {number}", row["video"]
        if not name:
            raise AnnotationError(f"{place}: expected a video's name")
        if names[name] > 1:
            raise AnnotationError(f"{path}: {name!r} appears twice")
        if None in row:
            raise AnnotationError(f"{place}: more values than columns; separate labels by ';'")
        labels = None  # a line that ends before them says nothing; an empty cell says none
        if row["labels"] is not None:
            words = row["labels"].replace("|", ";").split(";")
            labels = tuple(word.strip() for word in words if word.strip())
        subset = (row.get("subset") or "").strip() or None
        records.append(VideoRecord(name, subset, None, labels, ()))
    return records
