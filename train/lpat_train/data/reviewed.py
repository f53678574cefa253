"""Reviewed videos: files in which every instance of a video is marked, held against its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lpat.annotations.identity import renamed
from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.errors import AnnotationError


def read_reviewed(path: Path, labels: Mapping[str, tuple[str, ...]]) -> dict[str, VideoAnnotation]:
    """The reviewed videos of a file, by the names that `labels` has them by.

    Raises:
        AnnotationError: a video that isn't among the labels, or shows others than these say, or
            one whose segments aren't there.
    """
    videos = {video.name: video for video in read_annotations(path).videos}
    reviewed = renamed(videos, labels, lambda name: f"{path}: video {name!r}")
    for name, video in reviewed.items():
        place = f"{path}: video {video.name!r}"
        if name not in labels:
            raise AnnotationError(
                f"{place}: expected one of the {len(labels)} annotated videos to train on"
            )
        marked = set(video.segment_labels)
        if lacking := [label for label in video.labels if label not in marked]:
            raise AnnotationError(
                f"{place}: expected a segment of each label, as every instance of a reviewed video "
                f"is marked, but {lacking[0]!r} has none"
            )
        if marked != set(labels[name]):
            raise AnnotationError(
                f"{place}: its segments show {_listed(marked)}, but its labels say "
                f"{_listed(labels[name])}; correct one of both"
            )
    return reviewed


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(labels))) or "nothing"
