"""Reviewed videos: a file of those in which every instance is marked.

It is written video by video, as others may write it too, and held against the labels of training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.annotations.checks import says_what_it_shows, summarise
from lpat.annotations.identity import canonical, renamed
from lpat.annotations.reading import (
    Moment,
    VideoAnnotation,
    annotation_from,
    read_annotations,
    read_records,
)
from lpat.annotations.writing import key_of, put_video
from lpat.errors import AnnotationError, UsageError
from lpat.files.atomic import keep_backup, read_whole
from lpat.files.json_files import expect, read_json, write_json
from lpat.files.locks import turn_at

REVIEWED_NAME = "reviewed.json"
"""The file beside tags that is looked for, and that the viewer proposes."""

_READINGS = 5  # of a file that changes while it is read, before that is an error


def read_reviewed(
    path: Path,
    labels: Mapping[str, tuple[str, ...]],
    moments: Mapping[str, tuple[Moment, ...]] | None = None,
    *,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, VideoAnnotation]:
    """The reviewed videos of a file, by the names that `labels` has them by.

    `moments` are those marked in the videos of `labels`. `tell` takes a line on each kind of what
    is odd in the file.

    Raises:
        AnnotationError: a video that isn't among the labels, or shows others than these say, or
            one whose segments aren't there, or don't hold a moment of their label.
    """
    read = read_annotations(path)
    for line in summarise(read.findings):
        tell(f"{path}: {line}")
    videos = {video.name: video for video in read.videos}
    reviewed = renamed(videos, labels, lambda name: f"{path}: video {name!r}")
    for name, video in reviewed.items():
        place = f"{path}: video {video.name!r}"
        if name not in labels:
            raise AnnotationError(
                f"{place}: expected one of the {len(labels)} annotated videos to train on"
            )
        if reason := lacking(video) or contradiction(video, labels[name]):
            raise AnnotationError(f"{place}: {reason}")
        for moment in (*(moments or {}).get(name, ()), *video.moments):
            if not _is_shown(moment, video):
                raise AnnotationError(
                    f"{place}: expected a segment of {moment.label!r} at {moment.time:g} s, where "
                    "a moment says that it happens; correct one of both"
                )
    return reviewed


def _is_shown(moment: Moment, video: VideoAnnotation) -> bool:
    labelled = zip(video.segments, video.segment_labels, strict=True)
    return any(a <= moment.time <= b for (a, b), label in labelled if label == moment.label)


def lacking(video: VideoAnnotation) -> str:
    """Why not every instance of a video can be marked; empty where each label has a segment."""
    unmarked = [label for label in video.labels if label not in video.segment_labels]
    if not unmarked:
        return ""
    return (
        "expected a segment of each label, as every instance of a reviewed video is marked, "
        f"but {unmarked[0]!r:.80} has none"
    )


def contradiction(video: VideoAnnotation, labels: Iterable[str]) -> str:
    """How the segments of a reviewed video contradict its labels; empty where they don't."""
    marked, said = set(video.segment_labels), set(labels)
    if marked == said:
        return ""
    return (
        f"its segments show {_listed(marked)}, but its labels say {_listed(said)}; "
        "correct one of both"
    )


def reviewed_in(path: Path) -> dict[str, VideoAnnotation]:
    """The reviewed videos of a file, by the names that it has them by; none without a file.

    Raises:
        AnnotationError: it breaks its format, or has a video whose segments aren't there.
    """
    if not path.exists():
        return {}
    videos: dict[str, VideoAnnotation] = {}
    for record in read_records(path):
        if not says_what_it_shows(record):
            continue
        video = videos[record.name] = annotation_from(record)
        if reason := lacking(video):
            raise AnnotationError(f"{path}: video {video.name!r}: {reason}")
    return videos


@dataclass(frozen=True, eq=False)
class SavedReview:
    """The reviewed videos after one was saved.

    `others` is what somebody else has marked in it meanwhile: then it is as they left it.
    """

    videos: Mapping[str, VideoAnnotation]
    others: VideoAnnotation | None = None
    backup: Path | None = None


def save_reviewed(
    path: Path,
    video: VideoAnnotation,
    seen: VideoAnnotation | None = None,
    *,
    also_called: str | None = None,
    reviewed: bool = True,
    overrule: bool = False,
    keeps_backup: bool = False,
) -> SavedReview:
    """Write that a video is `reviewed`, with its instances, or that it isn't any more.

    The file is written whole or not at all, on top of what others have written since. `seen` is
    what it said of the video when it was read: where it says something else by now, nothing is
    written, unless it is to `overrule` that; then the file as it was is kept as a backup, as it is
    with `keeps_backup` where instances go. Whatever it holds besides stays.

    Raises:
        UsageError: the path is a folder, or no JSON file.
        AnnotationError: the file isn't one of reviewed videos, or changes all the time.
        OutputError: it can't be written.
    """
    if path.is_dir() or path.suffix.lower() != ".json":
        raise UsageError(f"{path}: expected a file for reviewed videos that ends in .json")
    with turn_at(path):
        for _ in range(_READINGS):
            content = _content(path)
            videos = reviewed_in(path)
            document: dict[str, Any] = {"database": {}} if content is None else read_json(path)
            expect(document, dict, str(path))
            database = expect(document.get("database"), dict, f"{path}: database")
            key = key_of(video.name, also_called, database, str(path))
            said = videos.get(canonical(key))
            wanted = video if reviewed else None
            if same_instances(said, wanted):
                return SavedReview(videos)
            changed = not same_instances(said, seen)
            if changed and said is not None and not overrule:
                return SavedReview(videos, said)
            if reviewed:
                put_video(document, path, video, also_called=also_called)
            else:
                database.pop(key)
            if _content(path) != content:
                continue
            loses = said is not None and (changed or keeps_backup)
            backup = keep_backup(path) if loses else None
            write_json(path, document)
            return SavedReview(reviewed_in(path), backup=backup)
    raise AnnotationError(f"{path}: another program writes it all the time")


def same_instances(one: VideoAnnotation | None, other: VideoAnnotation | None) -> bool:
    """Whether the same instances are marked, to the millisecond."""
    if one is None or other is None:
        return one is other
    return _instances(one) == _instances(other)


def _instances(video: VideoAnnotation) -> list[tuple[str, float, float]]:
    labelled = zip(video.segment_labels, video.segments.round(3).tolist(), strict=True)
    return sorted((label, start, end) for label, (start, end) in labelled)


def _content(path: Path) -> bytes | None:
    return read_whole(path, AnnotationError) if path.exists() else None


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(f"{label!r:.80}" for label in sorted(labels)) or "nothing"
