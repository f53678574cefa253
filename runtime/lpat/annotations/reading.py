"""Annotations: which actions a video shows and, where known, when.

Of our own and of data sets:

- ActivityNet-style JSON, `{"database": {VIDEO: {"subset", "duration", "annotations":
  [{"label", "segment": [start, end]}]}}}`, with `"labels": [...]` instead of `annotations`
  where no times are known, and `"counts": {LABEL: NUMBER}` where it is known how often; a moment
  inside an instance is `{"label", "time"}` among the annotations;
- CSV with the columns `video,labels[,subset]` (lpat.annotations.labels_table);
  an empty list of either format says that nothing happens in the video;
- CSV with the columns `video,label,start,end`, as lpat-detect writes it
  (lpat.annotations.segments_table);
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
    OF_ALL_VIDEOS,
    Finding,
    LabelledMoment,
    LabelledTimes,
    VideoRecord,
    alike_in,
    findings_of,
    has_duration,
    is_within,
    says_what_it_shows,
    takes_time,
)
from lpat.annotations.elan import read_eaf, read_eaf_files
from lpat.annotations.identity import appearance, canonical, label_of, unique_names
from lpat.annotations.label_studio import read_label_studio
from lpat.annotations.labels_table import read_labels_table
from lpat.annotations.segments_table import COLUMNS, read_segments_table
from lpat.annotations.thumos14 import class_files, is_ambiguous, read_class_files
from lpat.annotations.via import HEADER, is_via_project, read_via_project, read_via_table
from lpat.annotations.wtalc import holds_wtalc_annotations, read_wtalc_annotations
from lpat.errors import AnnotationError
from lpat.files.csv_files import (
    TABLE_SUFFIXES,
    names_columns,
    refuse_spreadsheet,
    text_of_table,
)
from lpat.files.json_files import expect, expect_time, expect_times, read_json
from lpat.files.kinds import ANNOTATIONS, but_it_is, kind_of
from lpat.types import Float64Array

_MOST_COUNTED = 1_000_000_000


@dataclass(frozen=True)
class Moment:
    """A point in time, in seconds, inside an instance of a label."""

    label: str
    time: float


@dataclass(frozen=True, eq=False)
class VideoAnnotation:
    """What is known of one video. `labels` are distinct, in order of first appearance.

    Without labels nothing happens in it, unless it is `doubtful`: labelled "Ambiguous", be it
    without times. `counts` says how often it shows a label, of those for which that is known.
    `moments` lie inside instances, which need not all have one. It is `odd` where segments
    were left out, as they take no time or start before 0.
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
    moments: tuple[Moment, ...] = ()
    odd: bool = False

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
        """Findings in the videos of a subset, or all of them for None.

        What looks alike is among them whichever subset it is in: subsets are held against another.
        """
        names = {video.name for video in self.in_subset(subset)}
        names |= {name for name, its in self.unknown.items() if subset in (None, its)}
        return tuple(
            finding
            for finding in self.findings
            if finding.video in names or finding.kind in OF_ALL_VIDEOS
        )

    def labels_by_video(self, subset: str | None) -> dict[str, tuple[str, ...]]:
        """Labels of each video of a subset, and nothing else: all that most training may see.

        A video without any is one in which nothing happens. Those of which nothing but ambiguity
        is known are left out.
        """
        return {
            video.name: video.labels for video in self.in_subset(subset) if not video.only_ambiguous
        }

    def moments_by_video(self, subset: str | None) -> dict[str, tuple[Moment, ...]]:
        """The moments marked in each video of a subset: times that were given to learn from."""
        return {video.name: video.moments for video in self.in_subset(subset)}

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
    records = read_records(path)
    if not records:
        raise AnnotationError(f"{path}: expected annotated videos, but it has none")
    videos = tuple(annotation_from(record) for record in records if says_what_it_shows(record))
    if not videos:
        raise AnnotationError(
            f"{path}: expected annotations or labels of a video, but none of {len(records)} has "
            f"them, the first is {records[0].name!r}"
        )
    findings = [finding for record in records for finding in findings_of(record)]
    findings += alike_in(records)
    unknown = {r.name: r.subset for r in records if not says_what_it_shows(r)}
    return Annotations(path, videos, tuple(findings), unknown)


def annotation_from(record: VideoRecord) -> VideoAnnotation:
    """What is known of a video, of which its file says what it shows."""
    classes = [row for row in record.rows if row[0] != AMBIGUOUS]
    # Where segments and list disagree, the segments are what was looked at.
    labels = [label for label, _, _ in classes] or list(record.listed or ())
    labels += [label for label, _ in record.moments]
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
        odd=len(timed) < len(classes),
        doubtful=AMBIGUOUS in (*(label for label, _, _ in record.rows), *(record.listed or ())),
        moments=tuple(
            Moment(*moment)
            for moment in record.moments
            if moment[0] != AMBIGUOUS and is_within(record, moment)
        ),
    )


def _times(rows: list[LabelledTimes]) -> Float64Array:
    return np.array([times for _, *times in rows], np.float64).reshape(-1, 2)


def read_records(path: Path) -> list[VideoRecord]:
    """What a file or folder says of each of its videos, in its order; it may have none.

    Raises:
        AnnotationError: it breaks its format; the message names the place.
    """
    if path.is_dir():
        return _records_of_folder(path)
    refuse_spreadsheet(path)
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES:
        return _records_of_table(path)
    if suffix == ".eaf":
        return [read_eaf(path)]
    if suffix != ".json" and (kind := kind_of(path)) not in (None, ANNOTATIONS):
        raise AnnotationError(f"{path}: expected annotations, not {kind}")
    if suffix == ".txt":
        raise AnnotationError(
            f"{path}: expected annotations as JSON, as a table (.csv, .tsv), of ELAN (.eaf) or as "
            "a folder of THUMOS'14's text files, not a text file alone"
        )
    return _records_of_json(path)


def _records_of_folder(folder: Path) -> list[VideoRecord]:
    if files := sorted(folder.glob("*.eaf")):
        return read_eaf_files(files)
    files = class_files(folder)
    has_classes = not all(map(is_ambiguous, files))
    if holds_wtalc_annotations(folder) != has_classes:
        return read_class_files(files) if has_classes else read_wtalc_annotations(folder)
    which = "both" if has_classes else f"neither{but_it_is(folder)}"
    raise AnnotationError(
        f"{folder}: expected ELAN's .eaf files, or either THUMOS'14's files CLASS_test.txt and "
        f"CLASS_val.txt or W-TALC's videoname.npy and its like, but it has {which}"
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
        raise AnnotationError(
            f'{path}: expected a "database" of videos, but it has none{but_it_is(path)}'
        )
    database: Mapping[str, Any] = expect(document["database"], dict, f"{path}: database")
    names = unique_names(database, str(path))
    return [
        _record_of_json(f"{path}: video {name!r}", names[name], entry)
        for name, entry in database.items()
    ]


def _records_of_table(path: Path) -> list[VideoRecord]:
    text = text_of_table(path)
    if HEADER in text:
        return read_via_table(text, str(path))
    if names_columns(text, COLUMNS):
        return read_segments_table(path, text)
    if not names_columns(text, ["video"]) and (events := event_table(text)) is not None:
        return read_boris_table(events, str(path))
    return read_labels_table(path, text)


def _record_of_json(place: str, name: str, entry: Any) -> VideoRecord:
    expect(entry, dict, place)
    rows: list[LabelledTimes] = []
    moments: list[LabelledMoment] = []
    for index, annotation in enumerate(expect(entry.get("annotations", []), list, place)):
        here = f"{place}, annotation {index}"
        expect(annotation, dict, here)
        label = _label(annotation.get("label"), here)
        if "time" in annotation and "segment" not in annotation:
            moments.append((label, expect_time(annotation["time"], here)))
        else:
            rows.append((label, *expect_times(annotation.get("segment"), here)))
    listed = () if "annotations" in entry and not rows and not moments else None
    if entry.get("labels") is not None:
        listed = tuple(_label(value, place) for value in expect(entry["labels"], list, place))
    subset = entry.get("subset")
    return VideoRecord(
        name=name,
        subset=None if subset is None else canonical(expect(subset, str, f"{place}, subset")),
        duration=_duration(entry.get("duration"), place),
        listed=listed,
        rows=tuple(rows),
        counts=_counts(entry.get("counts"), f"{place}, counts"),
        moments=tuple(moments),
    )


def _label(value: Any, place: str) -> str:
    if not isinstance(value, str) or not appearance(value):
        raise AnnotationError(f"{place}: expected a label, not {value!r}")
    return label_of(value)


def _counts(value: Any, place: str) -> dict[str, int]:
    if value is None:
        return {}
    counts: dict[str, int] = {}
    for label, number in expect(value, dict, place).items():
        if type(number) is not int or not 1 <= number <= _MOST_COUNTED:
            raise AnnotationError(
                f"{place}: expected a whole number from 1 to {_MOST_COUNTED} for {label!r}, not "
                f"{number!r:.40}"
            )
        if (same := _label(label, place)) in counts:
            raise AnnotationError(f"{place}: {same!r} appears twice")
        counts[same] = number
    return counts


def _duration(value: Any, place: str) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and abs(value) <= sys.float_info.max):
        raise AnnotationError(f"{place}: expected a duration in seconds, not {value!r:.80}")
    return float(value)
