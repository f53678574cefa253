"""The review as files: annotations of what was accepted, detections of what wasn't rejected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.annotations.writing import Replaced, replaced_by_saving, save_annotations
from lpat.errors import UsageError
from lpat.files.atomic import keep_backup, write_text
from lpat.files.json_files import write_json
from lpat.formats.detections import detections_document
from lpat.formats.media import media_of
from lpat.formats.registry import check_formats, format_for
from lpat.types import Detections
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Saving:
    """The accepted segments of a review on their way into a file; nothing here changes later."""

    path: Path
    segments: tuple[ReviewedSegment, ...]  # of the whole review
    annotation: VideoAnnotation
    source: Annotations | None  # what a new file begins as
    file: str | None  # the video's path, by an end of which the file may know it
    keeps_backup: bool = True  # of a file that is there

    @classmethod
    def of(cls, workspace: Workspace, path: Path) -> Saving:
        """The review as it is to be saved.

        Raises:
            UsageError: nothing is being corrected, or no video is open.
        """
        if not workspace.review.begun:
            raise UsageError("nothing has been corrected yet, so there is nothing to save")
        truth, video = workspace.truth, workspace.video
        name = truth.name if truth is not None else workspace.name
        if not name:
            raise UsageError("no video is open, so its annotations have no name to go by")
        segments = workspace.review.segments
        duration = workspace.playhead.duration or (truth.duration if truth is not None else None)
        annotation = annotation_of(segments, name, duration, truth)
        file = str(video.absolute()) if video is not None else None
        return cls(path, segments, annotation, workspace.annotations, file)

    def replaces(self) -> Replaced:
        """What the file that is there loses by it.

        Raises:
            LpatError: it is no annotations file.
        """
        return replaced_by_saving(
            self.path,
            self.annotation,
            also_called=self.file,
            all_judged=not self.proposed,
        )

    def write(self) -> Path | None:
        """Write the file, in whatever thread; where the file that was there is kept.

        Raises:
            LpatError: it is no annotations file, or can't be written.
        """
        self.replaces()  # what is no annotations file needs no backup
        backup = keep_backup(self.path) if self.keeps_backup and self.path.exists() else None
        save_annotations(
            self.path,
            self.annotation,
            self.source,
            also_called=self.file,
            all_judged=not self.proposed,
        )
        return backup

    @property
    def proposed(self) -> int:
        """How many segments were left out, as they are still to be judged."""
        return sum(segment.state == "proposed" for segment in self.segments)

    def summary(self, backup: Path | None = None) -> str:
        """A line on what was saved, and where what was there before is kept."""
        count = len(self.annotation.segments)
        text = f"Saved {count} segment{'' if count == 1 else 's'} to {self.path.name}"
        if self.proposed:
            text += f"; {self.proposed} not judged yet {_were(self.proposed)} left out"
        if backup is not None:
            text += f"; the file as it was before is {backup.name}"
        return text


def annotation_of(
    segments: Sequence[ReviewedSegment],
    name: str,
    duration: float | None,
    truth: VideoAnnotation | None = None,
) -> VideoAnnotation:
    """The accepted segments as a video's annotation, with the subset and ambiguity of the truth."""
    accepted = [segment for segment in segments if segment.state == "accepted"]
    labels = tuple(segment.label for segment in accepted)
    return VideoAnnotation(
        name=name,
        subset=truth.subset if truth is not None else None,
        duration=duration,
        labels=tuple(dict.fromkeys(labels)),
        segments=np.array([(s.start, s.end) for s in accepted], np.float64).reshape(-1, 2),
        segment_labels=labels,
        ambiguous=truth.ambiguous if truth is not None else np.zeros((0, 2)),
    )


def detections_of(segments: Sequence[ReviewedSegment]) -> Detections:
    """Segments that weren't rejected as detections, best first.

    What was drawn has no score; it gets the highest there is, and at least 1.
    """
    kept = [segment for segment in segments if segment.state != "rejected"]
    surest = max([1.0, *(s.score for s in kept if s.score is not None)])
    scores = np.array([surest if s.score is None else s.score for s in kept], np.float64)
    order = np.argsort(-scores, kind="stable")
    classes = tuple(sorted({segment.label for segment in kept}))
    labels = np.array([classes.index(segment.label) for segment in kept], np.int64)
    times = np.array([(s.start, s.end) for s in kept], np.float64).reshape(-1, 2)
    return Detections(classes, times[order], labels[order], scores[order])


def exporting(workspace: Workspace, path: Path) -> Callable[[], None]:
    """A function that writes all that isn't rejected, or the active layer without a review.

    The path's ending chooses the format. It may run in another thread, and raises OutputError
    where the file can't be written.

    Raises:
        UsageError: there is neither, no video is open, or what the format needs isn't installed.
    """
    layer, review, name = workspace.layers.active, workspace.review, workspace.name
    if not name:
        raise UsageError("no video is open, so its detections have no name to go by")
    external: dict[str, Any] = {} if layer is None else {"model": layer.name}
    if review.begun:
        detections = detections_of(review.segments)
        external["corrected"] = True
    elif layer is not None:
        detections = layer.detections
    else:
        raise UsageError("there are no detections to export: run a model or open a file of them")
    (form,) = check_formats([format_for(path).name])
    video, duration = workspace.video or Path(name), workspace.playhead.duration

    def write() -> None:
        media = media_of(video, name, duration)
        if form.name == "json":
            made_by = {**external, "start": media.start}
            write_json(path, detections_document({name: detections}, made_by))
        else:
            write_text(path, form.text_of(detections, media))

    return write


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
