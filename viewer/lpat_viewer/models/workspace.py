"""All that is open: a video, what models say of it, what is true, what the user corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from lpat.annotations.identity import Called, match_names, name_among
from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.segments.detect import select_classes
from lpat.types import Detections, Scores
from lpat_viewer.models.classes import ClassEntry, ClassList
from lpat_viewer.models.display import Display
from lpat_viewer.models.layers import Layer, Layers
from lpat_viewer.models.levels import Level
from lpat_viewer.models.notices import Notices
from lpat_viewer.models.playhead import Playhead
from lpat_viewer.models.playlist import Playlist
from lpat_viewer.models.review import Review
from lpat_viewer.models.reviewed import ReviewedVideos
from lpat_viewer.models.selection import Selection
from lpat_viewer.models.time_range import TimeRange
from lpat_viewer.models.verdicts import Verdicts, judge


class Workspace(QObject):
    """The root of the models. Views take it, or those of its parts that they show."""

    video_changed = Signal()  # another video, or none
    annotations_changed = Signal()
    truth_changed = Signal()
    verdicts_changed = Signal()  # truth, the active layer's detections or the tIoU

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.playlist = Playlist(self)
        self.playhead = Playhead(self)
        self.time_range = TimeRange(self)
        self.classes = ClassList(self)
        self.layers = Layers(self)
        self.display = Display(self)
        self.selection = Selection(self)
        self.review = Review(self)
        self.reviewed = ReviewedVideos(self)
        self.notices = Notices(self)
        self._video: Path | None = None
        self._name = ""
        self._truth: VideoAnnotation | None = None
        self._annotated: VideoAnnotation | None = None
        self._annotations: Annotations | None = None
        self._detections: dict[Path, Mapping[str, Detections]] = {}  # by file, then video
        self._names: dict[Path, str] = {}  # of the layers that those files give
        self._verdicts: Verdicts | None = None
        self._verdicts_known = False
        self._review_labels: frozenset[str] = frozenset()
        self.playhead.duration_changed.connect(self.time_range.set_duration)
        self.layers.changed.connect(self._on_results_changed)
        self.layers.active_changed.connect(self._forget_verdicts)
        self.display.tiou_changed.connect(self._forget_verdicts)
        self.review.changed.connect(self._on_review_changed)
        self.reviewed.changed.connect(self._on_reviewed_changed)
        self.playlist.changed.connect(self._list_reviewed)

    @property
    def video(self) -> Path | None:
        """The open video."""
        return self._video

    @property
    def name(self) -> str:
        """The name by which files know the open video; empty without one."""
        return self._name

    @property
    def truth(self) -> VideoAnnotation | None:
        """What is true of the open video: what the open annotations say of it, if anything.

        Where these say no times, it is what was marked in it when it was reviewed.
        """
        return self._truth

    @property
    def annotated(self) -> VideoAnnotation | None:
        """What the open annotations alone say of the open video."""
        return self._annotated

    @property
    def reviewed_video(self) -> VideoAnnotation | None:
        """What was marked in the open video, if it is reviewed."""
        return self.reviewed.of(self.called) if self._name else None

    @property
    def annotations(self) -> Annotations | None:
        """The open annotations, of any number of videos."""
        return self._annotations

    @property
    def verdicts(self) -> Verdicts | None:
        """Hits and misses of the active layer; None where there is no truth of times."""
        if not self._verdicts_known:
            self._verdicts_known = True
            layer = self.layers.active
            timed = self._truth is not None and len(self._truth.segments) > 0
            self._verdicts = (
                judge(layer.detections, self._truth, self.display.tiou)
                if layer is not None and self._truth is not None and timed
                else None
            )
        return self._verdicts

    def set_video(self, path: Path | None, name: str | None = None) -> None:
        """Open another video, with what the open files say of it; its duration isn't known yet.

        Files know it by `name`, if not by the file's own without the suffix.
        """
        self._video = path
        self._name = name or (path.stem if path is not None else "")
        self.review.end()
        self.selection.choose(None)
        self.playhead.reset(0.0)
        self.layers.clear()
        self._take_truth()
        for path_of_results in self._detections:
            self._put_detections(path_of_results)
        self._on_results_changed()
        self.video_changed.emit()

    def set_annotations(self, annotations: Annotations | None) -> None:
        """Take what is true from here."""
        self._annotations = annotations
        self.annotations_changed.emit()
        self._take_truth()
        self._on_results_changed()

    @property
    def detections_files(self) -> tuple[Path, ...]:
        """The open files of detections."""
        return tuple(self._detections)

    def add_detections(self, path: Path, results: Mapping[str, Detections]) -> bool:
        """Lay a file's detections over the open video and those opened later.

        Whether it has any of the open video.
        """
        self._detections[path] = results
        taken = {name for other, name in self._names.items() if other != path}
        self._names[path] = str(path) if path.name in taken else path.name
        return self._put_detections(path)

    def remove_layer(self, name: str) -> None:
        """Take a layer away and, if a detections file gave it, from later videos too."""
        self._detections = {
            path: results for path, results in self._detections.items() if self._names[path] != name
        }
        self.layers.remove(name)

    def move_level(self, name: str, rate: float | None) -> None:
        """Have a layer's level begin at another rate of false alarms, None: at the model's own.

        A detection of it that is chosen may be gone or another: none is chosen then.
        """
        before = self.layers.all
        self.layers.move_level(name, rate)
        if self.layers.all != before:
            self._forget_chosen(name)

    def take_level(self, name: str, level: Level, results: tuple[Scores, Detections]) -> None:
        """The same of a level that was moved elsewhere, with what it gives."""
        self.layers.take_level(name, level, results)
        self._forget_chosen(name)

    def _forget_chosen(self, name: str) -> None:
        chosen = self.selection.chosen
        if chosen is not None and chosen.layer == name:
            self.selection.choose(None)

    def _put_detections(self, path: Path) -> bool:
        results = self._detections[path]
        if (name := name_among(results, self.called)) is not None:
            self.layers.put(Layer(self._names[path], results[name]))
        return name is not None

    def _take_truth(self) -> None:
        videos = self._annotations.videos if self._annotations is not None else ()
        known = {video.name: video for video in videos}
        name = name_among(known, self.called)
        truth = self._annotated = None if name is None else known[name]
        if (truth is None or not len(truth.segments)) and self.reviewed_video is not None:
            truth = self.reviewed_video
        if truth is not self._truth:
            self._truth = truth
            self.truth_changed.emit()

    @property
    def called(self) -> Called:
        """What files may call the open video."""
        if self._video is None:
            return Called.by_name(self._name)
        return Called.by_file(self._name, [str(self._video.absolute())])

    def _on_reviewed_changed(self) -> None:
        self._list_reviewed()
        self._take_truth()
        self._on_results_changed()

    def _list_reviewed(self) -> None:
        """Say which videos of the playlist are reviewed."""
        inputs = self.playlist.inputs
        found = match_names(
            list(self.reviewed.videos), [source.called for source in inputs], by_ends=True
        ).found
        self.playlist.set_reviewed({inputs[place].name for place in found.values()})

    def _on_results_changed(self) -> None:
        self._forget_verdicts()
        if scores := next((its.scores for its in self.layers.all if its.scores is not None), None):
            self.classes.set_model(scores.classes)
        self.classes.set_entries(
            class_entries(self.layers.all, self._truth, sorted(self._review_labels))
        )

    def _on_review_changed(self) -> None:
        labels = frozenset(segment.label for segment in self.review.segments)
        if labels != self._review_labels:
            self._review_labels = labels
            self._on_results_changed()

    def _forget_verdicts(self) -> None:
        self._verdicts_known = False
        self.verdicts_changed.emit()


def class_entries(
    layers: tuple[Layer, ...], truth: VideoAnnotation | None, reviewed: Iterable[str] = ()
) -> tuple[ClassEntry, ...]:
    """All classes of layers, truth and review, with the confidence of a model or a detection."""
    confidence: dict[str, float] = {}
    found: set[str] = {*reviewed, *(truth.labels if truth is not None else ())}

    def raise_to(label: str, value: float) -> None:
        confidence[label] = max(confidence.get(label, 0.0), value)

    for layer in layers:
        detections = layer.detections
        for label in detections.classes:
            confidence.setdefault(label, 0.0)
        if layer.scores is not None:
            probabilities = layer.scores.probabilities
            for label, probability in zip(layer.scores.classes, probabilities[:-1], strict=True):
                raise_to(label, float(probability))
            likely = select_classes(probabilities)
            found.update(layer.scores.classes[number] for number in likely)
        else:
            for number in np.unique(detections.labels):
                best = detections.scores[detections.labels == number].max()
                raise_to(detections.classes[number], float(best))
        found.update(detections.classes[number] for number in np.unique(detections.labels))
    for label in found:
        confidence.setdefault(label, 0.0)
    return tuple(ClassEntry(label, value, label in found) for label, value in confidence.items())
