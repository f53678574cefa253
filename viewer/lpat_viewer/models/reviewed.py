"""The reviewed videos: those of which a file says that every instance is marked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from lpat.annotations.identity import Called, name_among
from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.annotations.reviewed import SavedReview, contradiction, same_instances, save_reviewed
from lpat.annotations.tags import TAG_NAMES, TAG_SUFFIXES, read_tags, save_tags
from lpat.errors import UsageError
from lpat_viewer.models.review import ReviewedSegment


class ReviewedVideos(QObject):
    """What the file of reviewed videos said when it was read last, by its names of them."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._videos: Mapping[str, VideoAnnotation] = {}

    @property
    def videos(self) -> Mapping[str, VideoAnnotation]:
        """The reviewed videos with their instances."""
        return self._videos

    def set_videos(self, videos: Mapping[str, VideoAnnotation]) -> None:
        """Take what the file says now."""
        self._videos = videos
        self.changed.emit()

    def of(self, called: Called) -> VideoAnnotation | None:
        """A video with its instances, if it is reviewed."""
        name = name_among(self._videos, called)
        return None if name is None else self._videos[name]


@dataclass(frozen=True)
class Objection:
    """Why a reviewed video isn't fit for training yet. `cure` are tags that would make it fit."""

    text: str
    cure: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class Marking:
    """A video on its way into the file of reviewed videos; nothing here changes later.

    `tags` is the file of its labels, where there is one, and `file` the video's path.
    """

    path: Path
    video: VideoAnnotation
    seen: VideoAnnotation | None
    file: str
    tags: Path | None
    segments: tuple[ReviewedSegment, ...] | None = None  # of the review that is saved by it

    def objection(self) -> Objection | None:
        """What its labels, as their file has them by now, say against it.

        Raises:
            LpatError: the file of its labels can't be read.
        """
        shown = tuple(dict.fromkeys(self.video.segment_labels))
        if self.tags is None or not self.tags.exists():
            return Objection("No tags are open: training needs the labels of this video, too.")
        labels = read_annotations(self.tags).labels_by_video(None)
        name = name_among(labels, self._called)
        if name is None:
            text = f"{self.tags.name} doesn't say what this video shows, which training needs, too."
        elif reason := contradiction(self.video, labels[name]):
            text = f"{self.tags.name} contradicts it: {reason}."
        else:
            return None
        return Objection(text, shown if self._can_tag(name) else None)

    def change_tags(self) -> str:
        """Tag the video as its segments say: a line on what hindered it, or nothing.

        Raises:
            LpatError: the file can't be written.
        """
        assert self.tags is not None
        seen = read_tags(self.tags)
        name = name_among(seen.labels, self._called) or self.video.name
        saved = save_tags(seen, {name: tuple(dict.fromkeys(self.video.segment_labels))})
        return f"{self.tags}: {name!r} was changed meanwhile" if saved.conflicts else ""

    def write(self, *, reviewed: bool = True, overrule: bool = False) -> SavedReview:
        """Write that the video is `reviewed`, or not any more: see `save_reviewed`.

        What goes is kept as a backup where no segments of the window say the same.

        Raises:
            LpatError: the file holds something else, or can't be written.
        """
        kept = self.segments is None or same_instances(self.video, self.seen)
        return save_reviewed(
            self.path, self.video, self.seen, also_called=self.file, reviewed=reviewed,
            overrule=overrule, keeps_backup=not (reviewed or kept),
        )  # fmt: skip

    @property
    def _called(self) -> Called:
        return Called.by_file(self.video.name, [self.file])

    def _can_tag(self, name: str | None) -> bool:
        """Whether the labels may be changed: those that come with times are changed with these."""
        if self.tags is None or self.tags.suffix.lower() not in TAG_SUFFIXES:
            return False
        return name is None or name not in read_tags(self.tags).timed


def place_of_tags(folder: Path) -> Path | None:
    """The file of tags in a folder, if there is one."""
    places = (folder / name for name in TAG_NAMES)
    return next((place for place in places if place.exists()), None)


def folder_of(paths: list[Path]) -> Path | None:
    """The folder that all of some files lie in."""
    try:
        return Path(os.path.commonpath([path.absolute().parent for path in paths]))
    except ValueError:  # none, or on several drives
        return None


def instances_of(
    segments: tuple[ReviewedSegment, ...] | None,
    truth: VideoAnnotation | None,
    name: str,
    duration: float | None,
    *,
    all_judged: bool = True,
) -> VideoAnnotation:
    """Every instance of a video: what was accepted, or without a review what is true.

    Raises:
        UsageError: something is still to be judged, which `all_judged` forbids, or nobody has
            looked for instances.
    """
    if segments is not None:
        proposed = sum(segment.state == "proposed" for segment in segments)
        if proposed and all_judged:
            are = "segment is" if proposed == 1 else "segments are"
            raise UsageError(f"{proposed} {are} still to be judged: accept (A) or reject (R) first")
        kept = [segment for segment in segments if segment.state == "accepted"]
        labels = tuple(segment.label for segment in kept)
        times = np.array([(s.start, s.end) for s in kept], np.float64).reshape(-1, 2)
    elif truth is not None and set(truth.labels) <= set(truth.segment_labels):
        labels, times = truth.segment_labels, truth.segments
    else:
        raise UsageError(
            "no instances are marked yet: correct the detections (Ctrl+B), or draw segments (N)"
        )
    return VideoAnnotation(name, None, duration, tuple(dict.fromkeys(labels)), times, labels)
