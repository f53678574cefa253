"""What a file says of its videos, and what is odd about that: reported, but no reason to fail."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lpat.annotations.identity import look_alike, spelled

AMBIGUOUS = "Ambiguous"
"""The label by which THUMOS'14 marks times in which even people can't tell: no class."""

LabelledTimes = tuple[str, float, float]  # label, start and end in seconds
LabelledMoment = tuple[str, float]  # label, and a time in seconds inside an instance

FindingKind = Literal[
    "unknown",
    "labels",
    "past_end",
    "duplicate",
    "left_out",
    "moments",
    "unlisted",
    "duration",
    "passed_over",
    "alike_labels",
    "alike_names",
    "detections",
    "intervals",
]

OF_ALL_VIDEOS: frozenset[FindingKind] = frozenset({"alike_labels", "alike_names"})
"""Kinds that hold videos against each other."""


@dataclass(frozen=True)
class VideoRecord:
    """One video as its file has it, before one thing is held against another."""

    name: str
    subset: str | None
    duration: float | None
    listed: tuple[str, ...] | None  # the video's own list of labels; None: the file has no such
    rows: tuple[LabelledTimes, ...]
    """In file order, those of `AMBIGUOUS` among them; times are finite."""
    counts: Mapping[str, int] = field(default_factory=dict)  # the video's own counts of labels
    passed_over: tuple[str, ...] = ()  # what its file has beside segments, in words
    moments: tuple[LabelledMoment, ...] = ()  # in file order; times are finite


@dataclass(frozen=True)
class Finding:
    """Something odd in what was read of a video; `_MEANING` says what became of it."""

    kind: FindingKind
    video: str
    message: str


_MEANING: dict[FindingKind, tuple[str, str]] = {
    "unknown": ("videos: what they show isn't said", "left out"),
    "labels": ("videos: labels disagree with their segments", "the segments' labels count"),
    "past_end": ("segments end past their video", "they are kept"),
    "duplicate": ("segments stand more than once", "each counts"),
    "left_out": ("segments take no time or start before 0", "left out; their labels are kept"),
    "moments": ("moments lie outside of their video", "left out; their labels are kept"),
    "unlisted": ("moments have labels that their video's list lacks", "they are added to it"),
    "duration": ("videos: the duration isn't positive", "taken as unknown"),
    "passed_over": ("marks are no segments with labels", "left out"),
    "alike_labels": (
        "labels differ from others by case, blanks or unseen characters alone",
        "each is a class of its own",
    ),
    "alike_names": (
        "videos' names differ from others by case, blanks or unseen characters alone",
        "each is a video of its own",
    ),
    "detections": ("detections take no time or start before 0", "left out"),
    "intervals": ("ambiguous intervals take no time or start before 0", "left out"),
}


def findings_of(record: VideoRecord) -> tuple[Finding, ...]:
    """Whatever is odd about a video, by kind, then in file order."""
    messages: dict[FindingKind, Iterator[str]] = {
        "unknown": _nothing_said(record),
        "labels": _label_mismatch(record),
        "past_end": _past_end(record),
        "duplicate": _duplicates(record.rows),
        "left_out": _left_out(record.rows),
        "moments": _moments_left_out(record),
        "unlisted": _unlisted_moments(record),
        "duration": _no_duration(record.duration),
        "passed_over": iter(record.passed_over),
    }
    return tuple(
        Finding(kind, record.name, message) for kind, its in messages.items() for message in its
    )


def oddity(start: float, end: float) -> str | None:
    """Why no video shows a segment of these times, in words; None where one may."""
    if start < 0:
        return "starts before 0"
    if end <= start:
        return "ends before or where it starts"
    return None


def takes_time(row: LabelledTimes) -> bool:
    """Whether a segment starts at 0 or later and ends after it starts."""
    return oddity(*row[1:]) is None


def alike_in(records: Sequence[VideoRecord]) -> tuple[Finding, ...]:
    """Labels, and names of videos, that differ by case, blanks or unseen characters alone."""
    first: dict[str, str] = {}
    counts = Counter[str]()
    for record in records:
        for label in labels_of(record):
            first.setdefault(label, record.name)
            counts[label] += 1
    labels = [
        Finding(
            "alike_labels",
            first[b],
            f"{spelled(a)} in {counts[a]} and {spelled(b)} in {counts[b]} of the videos",
        )
        for a, b in look_alike(first)
    ]
    names = [
        Finding("alike_names", b, f"{spelled(a)} and {spelled(b)}")
        for a, b in look_alike(record.name for record in records)
    ]
    return (*labels, *names)


def labels_of(record: VideoRecord) -> dict[str, None]:
    """All labels that its segments, moments or its list have, once each, in order."""
    marked = [*(label for label, _, _ in record.rows), *(label for label, _ in record.moments)]
    return dict.fromkeys([*marked, *(record.listed or ())])


def has_duration(record: VideoRecord) -> bool:
    """Whether the video's duration is known: positive and finite."""
    return record.duration is not None and 0 < record.duration < math.inf


def summarise(findings: Iterable[Finding]) -> list[str]:
    """A line for each kind: how many, the first, and what became of them."""
    by_kind: dict[FindingKind, list[Finding]] = {}
    for finding in findings:
        by_kind.setdefault(finding.kind, []).append(finding)
    return [
        f"{len(its)} {what} (first: {its[0].video!r}: {its[0].message}); {outcome}"
        for kind, (what, outcome) in _MEANING.items()
        if (its := by_kind.get(kind))
    ]


def says_what_it_shows(record: VideoRecord) -> bool:
    """Whether it has annotations or a list of labels; that is empty where nothing happens."""
    return bool(record.rows or record.moments) or record.listed is not None


def _nothing_said(record: VideoRecord) -> Iterator[str]:
    if not says_what_it_shows(record):
        yield "neither annotations nor labels"


def _label_mismatch(record: VideoRecord) -> Iterator[str]:
    shown = dict.fromkeys(label for label, _, _ in record.rows if label != AMBIGUOUS)
    if record.listed is None or not shown:
        return
    listed = dict.fromkeys(label for label in record.listed if label != AMBIGUOUS)
    clauses = {
        "the list lacks": [label for label in shown if label not in listed],
        "no segment shows": [label for label in listed if label not in shown],
    }
    if said := [f"{words} {', '.join(labels)}" for words, labels in clauses.items() if labels]:
        yield "; ".join(said)


def _past_end(record: VideoRecord) -> Iterator[str]:
    if not has_duration(record):
        return
    for row in record.rows:
        if takes_time(row) and row[2] > (record.duration or 0):
            yield f"{_words(row)} in a video of {record.duration} s"


def _duplicates(rows: Iterable[LabelledTimes]) -> Iterator[str]:
    for row, count in Counter(filter(takes_time, rows)).items():
        if count > 1:
            yield f"{_words(row)} stands {count} times"


def _left_out(rows: Iterable[LabelledTimes]) -> Iterator[str]:
    for row in rows:
        if (reason := oddity(*row[1:])) is not None:
            yield f"{_words(row)} {reason}"


def is_within(record: VideoRecord, moment: LabelledMoment) -> bool:
    """Whether a moment lies in its video, as far as that is known."""
    duration = record.duration if has_duration(record) else None
    return 0 <= moment[1] <= (math.inf if duration is None else duration)


def _moments_left_out(record: VideoRecord) -> Iterator[str]:
    for label, time in record.moments:
        if not is_within(record, (label, time)):
            yield f"{label} at {time}"


def _unlisted_moments(record: VideoRecord) -> Iterator[str]:
    for label, time in record.moments:
        if record.listed is not None and label not in (*record.listed, AMBIGUOUS):
            yield f"{label} at {time}"


def _no_duration(duration: float | None) -> Iterator[str]:
    if duration is not None and not 0 < duration < math.inf:
        yield f"duration {duration}"


def _words(row: LabelledTimes) -> str:
    label, start, end = row
    return f"{label} [{start}, {end}]"
