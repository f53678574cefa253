"""What correcting acts on: the review, begun from detections or truth, and its chosen segment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from math import inf

from PySide6.QtCore import QObject, Signal

from lpat_viewer.models import editing
from lpat_viewer.models.editing import Segments
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen, Kind
from lpat_viewer.models.workspace import Workspace

_Origin = tuple[str, str, float, float, str]  # kind, layer, start, end, label


class Copies:
    """What a review began from, and identities that were never used in it."""

    def __init__(
        self, kind: Kind = "detection", layer: str = "", segments: Iterable[ReviewedSegment] = ()
    ) -> None:
        self._identities: dict[_Origin, int] = {
            (kind, layer, segment.start, segment.end, segment.label): segment.identity
            for segment in segments
        }
        self._next = max(self._identities.values(), default=-1) + 1

    def identity_of(self, chosen: Chosen) -> int | None:
        """The identity of the copy, which may be gone from the review."""
        return chosen.number if chosen.kind == "review" else self._identities.get(_origin(chosen))

    def copy(self, chosen: Chosen, score: float | None) -> ReviewedSegment:
        """A new copy, proposed, in place of one that is gone."""
        identity = self.new_identity()
        self._identities[_origin(chosen)] = identity
        return ReviewedSegment(identity, chosen.start, chosen.end, chosen.label, score)

    def new_identity(self) -> int:
        """One that no segment has or had."""
        self._next += 1
        return self._next - 1


def _origin(chosen: Chosen) -> _Origin:
    return chosen.kind, chosen.layer, chosen.start, chosen.end, chosen.label


TRUTH_STAYS = "The truth itself stays as it is; begin correcting from the truth to change a copy"

_LAST = sys.maxsize
"""Stands for an identity that is still to be given, later than all others."""


class Target(QObject):
    """The review and the segment in it that is chosen, itself or by what it is a copy of.

    Acting on a detection begins the review if need be; one that has no copy there gets one.
    """

    changed = Signal()  # what can be done

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._review = workspace.review
        self._copies = Copies()
        self._review.changed.connect(self._on_review_changed)
        workspace.selection.changed.connect(self.changed)
        workspace.layers.active_changed.connect(self.changed)
        workspace.truth_changed.connect(self.changed)

    @property
    def can_begin(self) -> bool:
        """Whether there is a video that isn't corrected yet, with all of the layer's detections."""
        layer = self._workspace.layers.active
        opened = self._workspace.playhead.duration > 0 or layer is not None
        return not self._review.begun and opened and (layer is None or layer.complete)

    @property
    def can_begin_from_truth(self) -> bool:
        """Whether there are annotated segments, and nothing is corrected yet."""
        truth = self._workspace.truth
        return not self._review.begun and truth is not None and len(truth.segments) > 0

    def begin(self) -> None:
        """Correct the active layer's detections; without a layer, draw from nothing."""
        layer = self._workspace.layers.active
        if self.can_begin:
            segments = editing.propose(layer.detections) if layer is not None else ()
            self._begin("detection", layer.name if layer is not None else "", segments)
        elif not self._review.begun and layer is not None:
            self._workspace.notices.tell(f"{layer.name} isn't done yet: correct it then")
        elif not self._review.begun:
            video = self._workspace.video
            reason = "open a video first" if video is None else f"{video.name} isn't open yet"
            self._workspace.notices.tell(f"There is nothing to correct: {reason}")

    @property
    def can_draw(self) -> bool:
        """Whether a segment can be added to what is corrected, or correcting can begin with it."""
        return self._review.begun or self.can_begin

    def begin_from_truth(self) -> None:
        """Correct the annotations of the open video."""
        truth = self._workspace.truth
        if self.can_begin_from_truth and truth is not None:
            self._begin("truth", "", editing.accept_truth(truth))

    def end(self) -> None:
        """Forget the review, saved or not."""
        self._review.end()

    @property
    def segment(self) -> ReviewedSegment | None:
        """The segment of the review that is chosen, itself or by what it is a copy of."""
        chosen = self._workspace.selection.chosen
        identity = self._copies.identity_of(chosen) if chosen is not None else None
        return None if identity is None else editing.find(self._review.segments, identity)

    @property
    def segment_to_be(self) -> ReviewedSegment | None:
        """The chosen segment of the review, or the copy that a chosen detection would have."""
        chosen, layer = self._workspace.selection.chosen, self._workspace.layers.active
        segment = self.segment
        if segment is not None or chosen is None or not self.can_edit:
            return segment
        begins_with_it = not self._review.begun and layer and chosen.layer == layer.name
        number = chosen.number if begins_with_it else _LAST
        return ReviewedSegment(number, chosen.start, chosen.end, chosen.label)

    def _segments_to_be(self, label: str) -> Segments:
        """Segments of a class at least: of the review, or those that it would begin with."""
        layer = self._workspace.layers.active
        if self._review.begun or layer is None:
            return self._review.segments
        return editing.propose(layer.detections, label)

    @property
    def can_edit(self) -> bool:
        """Whether a segment is chosen that commands can act on."""
        chosen = self._workspace.selection.chosen
        if chosen is None:
            return False
        layer = self._workspace.layers.active
        can_copy = self._review.begun or layer is None or layer.complete
        return self.segment is not None or (chosen.kind == "detection" and can_copy)

    @property
    def duration(self) -> float:
        """Seconds within which segments are kept."""
        return self._workspace.playhead.duration or inf

    def _begin(self, kind: Kind, layer: str, segments: Segments) -> None:
        self._copies = Copies(kind, layer, segments)
        self._review.begin(segments)
        self._choose(self.segment)

    def _begin_if_needed(self) -> bool:
        if not self._review.begun:
            self.begin()
        return self._review.begun

    def _take(self) -> tuple[Segments, ReviewedSegment] | None:
        """Segments to act on, and which of them; a detection without a copy is added to them."""
        chosen = self._workspace.selection.chosen
        if chosen is None:
            return None
        if chosen.kind == "truth" and self.segment is None:
            self._workspace.notices.tell(TRUTH_STAYS)
            return None
        if not self._begin_if_needed():
            return None
        segments, segment = self._review.segments, self.segment
        if segment is None and (segment := self._copy(chosen)) is not None:
            segments = (*segments, segment)
        return None if segment is None else (segments, segment)

    def _copy(self, chosen: Chosen) -> ReviewedSegment | None:
        layer = next((la for la in self._workspace.layers.all if la.name == chosen.layer), None)
        if layer is None or chosen.number >= len(layer.detections):
            return None
        return self._copies.copy(chosen, float(layer.detections.scores[chosen.number]))

    def _visible(self) -> Segments:
        """Segments of the classes that are shown."""
        shown = set(self._workspace.classes.shown)
        return tuple(segment for segment in self._review.segments if segment.label in shown)

    def _choose(self, segment: ReviewedSegment | None) -> None:
        """Choose a segment of the review, or none in place of one that is gone."""
        chosen = self._workspace.selection.chosen
        if segment is not None:
            self._workspace.selection.choose(as_chosen(segment))
        elif chosen is not None and chosen.kind == "review":
            self._workspace.selection.choose(None)

    def _on_review_changed(self) -> None:
        if not self._review.begun:
            self._copies = Copies()
        chosen = self._workspace.selection.chosen
        if chosen is not None and chosen.kind == "review":
            self._choose(editing.find(self._review.segments, chosen.number))
        self.changed.emit()


def as_chosen(segment: ReviewedSegment) -> Chosen:
    """A segment of the review as it is chosen."""
    return Chosen("review", segment.identity, segment.start, segment.end, segment.label)
