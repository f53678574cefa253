"""Reviewed videos: files in which every instance of a video is marked, held against its labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lpat.annotations.checks import summarise
from lpat.annotations.identity import renamed
from lpat.annotations.reading import Moment, VideoAnnotation, read_annotations
from lpat.errors import AnnotationError


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
        _expect_labels(video, labels[name], place)
        for moment in (*(moments or {}).get(name, ()), *video.moments):
            if not _is_shown(moment, video):
                raise AnnotationError(
                    f"{place}: expected a segment of {moment.label!r} at {moment.time:g} s, where "
                    "a moment says that it happens; correct one of both"
                )
    return reviewed


def _expect_labels(video: VideoAnnotation, labels: tuple[str, ...], place: str) -> None:
    marked = set(video.segment_labels)
    if lacking := [label for label in video.labels if label not in marked]:
        raise AnnotationError(
            f"{place}: expected a segment of each label, as every instance of a reviewed video "
            f"is marked, but {lacking[0]!r:.80} has none"
        )
    if marked != set(labels):
        raise AnnotationError(
            f"{place}: its segments show {_listed(marked)}, but its labels say "
            f"{_listed(labels)}; correct one of both"
        )


def _is_shown(moment: Moment, video: VideoAnnotation) -> bool:
    labelled = zip(video.segments, video.segment_labels, strict=True)
    return any(a <= moment.time <= b for (a, b), label in labelled if label == moment.label)


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(f"{label!r:.80}" for label in sorted(labels)) or "nothing"
