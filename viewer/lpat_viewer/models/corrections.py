"""Commands that correct segments: what the menu, the keys and the mouse call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lpat_viewer.models import editing
from lpat_viewer.models.editing import Segments
from lpat_viewer.models.landmarks import show_chosen
from lpat_viewer.models.review import ReviewedSegment, State
from lpat_viewer.models.saving import Saving, write_detections
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.workspace import Workspace

_Origin = tuple[str, str, float, float, str]  # kind, layer, start, end, label

TRUTH_STAYS = "The truth itself stays as it is; begin correcting from the truth to change a copy"


class Corrections(QObject):
    """What can be done to the segment that is chosen, and to the whole review.

    A command that acts on a detection begins the review if need be, and acts on the detection's
    copy; one that has no copy there gets one. What can't be done does nothing, or tells why.
    """

    changed = Signal()  # what can be done

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._review = workspace.review
        self._copies: dict[_Origin, int] = {}  # identities of what the review began from
        self._identities = 0  # those below have been used, some by segments that are gone
        self._could_split = False
        self._review.changed.connect(self._on_review_changed)
        workspace.selection.changed.connect(self.changed)
        workspace.layers.active_changed.connect(self.changed)
        workspace.truth_changed.connect(self.changed)
        workspace.playhead.time_changed.connect(self._on_time_changed)

    # Beginning and ending

    @property
    def can_begin(self) -> bool:
        """Whether there is a video that isn't corrected yet, with all of the layer's detections."""
        layer = self._workspace.layers.active
        opened = self._workspace.playhead.duration > 0 or layer is not None
        return not self._review.begun and opened and (layer is None or layer.complete)

    @property
    def can_begin_from_truth(self) -> bool:
        """Whether there are annotated segments to correct."""
        truth = self._workspace.truth
        return not self._review.begun and truth is not None and len(truth.segments) > 0

    def begin(self) -> None:
        """Correct the active layer's detections; without a layer, draw from nothing."""
        layer = self._workspace.layers.active
        if not self.can_begin:
            if not self._review.begun and layer is not None:
                self._workspace.notices.tell(f"{layer.name} isn't done yet: correct it then")
            return
        segments = editing.propose(layer.detections) if layer is not None else ()
        self._begin("detection", layer.name if layer is not None else "", segments)

    def begin_from_truth(self) -> None:
        """Correct the annotations of the open video."""
        truth = self._workspace.truth
        if self.can_begin_from_truth and truth is not None:
            self._begin("truth", "", editing.accept_truth(truth))

    def end(self) -> None:
        """Forget the review, saved or not."""
        self._review.end()

    # The segment that is chosen

    @property
    def segment(self) -> ReviewedSegment | None:
        """The segment of the review that is chosen, itself or by what it is a copy of."""
        identity = self._identity(self._workspace.selection.chosen)
        return None if identity is None else editing.find(self._review.segments, identity)

    @property
    def can_edit(self) -> bool:
        """Whether a segment is chosen that the commands below can act on."""
        chosen = self._workspace.selection.chosen
        if chosen is None:
            return False
        return chosen.kind == "detection" or self.segment is not None

    @property
    def can_split(self) -> bool:
        """Whether the playhead is well within the segment."""
        chosen, time = self._workspace.selection.chosen, self._workspace.playhead.time
        if chosen is None or not self.can_edit:
            return False
        segment = self.segment or ReviewedSegment(0, chosen.start, chosen.end, chosen.label)
        return editing.can_split(segment, time)

    @property
    def can_merge(self) -> bool:
        """Whether a segment of the same class comes after it."""
        segment = self.segment
        if segment is None:
            return self.can_edit and not self._review.begun
        return editing.neighbour(self._review.segments, segment.identity) is not None

    def accept(self) -> None:
        """It is right; go on to the next that is still to be judged."""
        self._judge("Accept", "accepted")

    def reject(self) -> None:
        """It is wrong; go on to the next that is still to be judged."""
        self._judge("Reject", "rejected")

    def split_at_playhead(self) -> None:
        """Make two of it."""
        self.split_at(self._workspace.playhead.time)

    def split_at(self, time: float) -> None:
        """Make two of it at a time."""
        new = self._new_identity()
        self._edit(
            "Split", lambda segments, which: editing.split(segments, which, time, new_identity=new)
        )

    def merge_with_next(self) -> None:
        """Make one of it and the next of its class."""
        self._edit("Merge", editing.merge)

    def relabel(self, label: str) -> None:
        """Take it for one of another class."""
        self._edit("Relabel", lambda segments, which: editing.relabel(segments, which, label))

    def set_start_to_playhead(self) -> None:
        """Let it start where the playhead is."""
        self.resize(start=self._workspace.playhead.time)

    def set_end_to_playhead(self) -> None:
        """Let it end where the playhead is."""
        self.resize(end=self._workspace.playhead.time)

    def resize(self, *, start: float | None = None, end: float | None = None) -> None:
        """Let it start or end elsewhere."""

        def resized(segments: Segments, identity: int) -> Segments:
            segment = editing.find(segments, identity)
            if segment is None:
                return segments
            return editing.resize(
                segments,
                identity,
                start=segment.start if start is None else start,
                end=segment.end if end is None else end,
                duration=self.duration,
            )

        self._edit("Resize", resized)

    def nudge(self, seconds: float) -> None:
        """Move it later by some seconds, or sooner."""
        self._edit(
            "Move", lambda segments, which: editing.move(segments, which, seconds, self.duration)
        )

    def remove(self) -> None:
        """Take it out of the review, and choose the next one."""
        target = self._target()
        if target is None:
            return
        segments, identity = target
        gone = editing.find(segments, identity)
        self._review.apply("Remove", editing.remove(segments, identity))
        if gone is not None:
            following = _first_after(self._visible(), gone)
            self._choose(following)

    # All segments

    @property
    def can_accept_all(self) -> bool:
        """Whether any segment of a class that is shown is still to be judged."""
        return self.can_begin or any(s.state == "proposed" for s in self._visible())

    def accept_all(self) -> None:
        """Accept all of the classes shown that are still to be judged."""
        self._begin_if_needed()
        proposed = [s.identity for s in self._visible() if s.state == "proposed"]
        self._review.apply("Accept all", editing.judge(self._review.segments, proposed, "accepted"))

    def draw(self, start: float, end: float, label: str) -> None:
        """Add a segment, and choose it."""
        if not self._begin_if_needed():
            return
        drawn = editing.draw(
            self._review.segments,
            start,
            end,
            label,
            new_identity=self._new_identity(),
            duration=self.duration,
        )
        self._review.apply("Draw", drawn)
        self._choose(drawn[-1])

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back: `workspace.review.undo_name`."""
        return self._review.undo_name is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again: `workspace.review.redo_name`."""
        return self._review.redo_name is not None

    def undo(self) -> None:
        """Take the last step back, and choose what it had changed."""
        self._retrace(self._review.undo)

    def redo(self) -> None:
        """Do again what was undone, and choose what it changes."""
        self._retrace(self._review.redo)

    @property
    def duration(self) -> float:
        """Seconds within which segments are kept."""
        return self._workspace.playhead.duration or inf

    # Files

    def saving(self, path: Path) -> Saving:
        """What is to be written to a path: its `write` may run in another thread, then `saved`.

        Raises:
            UsageError: nothing is being corrected.
        """
        return Saving.of(self._workspace, path)

    def saved(self, saving: Saving) -> None:
        """Remember that this is in a file, and tell the user what was left out."""
        self._review.mark_saved(saving.segments)
        self._workspace.notices.tell(saving.summary)

    def save(self, path: Path) -> None:
        """Write the accepted segments as annotations, at once: `saving`, `write`, `saved`.

        Raises:
            LpatError: the file is no annotations file, or can't be written.
        """
        saving = self.saving(path)
        saving.write()
        self.saved(saving)

    def export_detections(self, path: Path) -> None:
        """Write what isn't rejected, or else the active layer, as lpat-detect writes it.

        Raises:
            LpatError: there is nothing to write, or it can't be written.
        """
        write_detections(self._workspace, path)

    # How commands come about

    def _begin(self, kind: str, layer: str, segments: Segments) -> None:
        self._copies = {
            (kind, layer, segment.start, segment.end, segment.label): segment.identity
            for segment in segments
        }
        self._identities = len(segments)
        self._review.begin(segments)
        self._choose(self.segment)

    def _new_identity(self) -> int:
        self._identities += 1
        return self._identities - 1

    def _begin_if_needed(self) -> bool:
        if not self._review.begun:
            self.begin()
        return self._review.begun

    def _identity(self, chosen: Chosen | None) -> int | None:
        if chosen is None or not self._review.begun:
            return None
        return chosen.number if chosen.kind == "review" else self._copies.get(_origin(chosen))

    def _target(self) -> tuple[Segments, int] | None:
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
        if segment is not None:
            return segments, segment.identity
        copy = self._copy(chosen)
        if copy is None:
            return None
        self._copies[_origin(chosen)] = copy.identity
        return (*segments, copy), copy.identity

    def _copy(self, chosen: Chosen) -> ReviewedSegment | None:
        layer = next((la for la in self._workspace.layers.all if la.name == chosen.layer), None)
        if layer is None or chosen.number >= len(layer.detections):
            return None
        score = float(layer.detections.scores[chosen.number])
        return ReviewedSegment(self._new_identity(), chosen.start, chosen.end, chosen.label, score)

    def _edit(self, name: str, change: Callable[[Segments, int], Segments]) -> None:
        target = self._target()
        if target is not None:
            segments, identity = target
            self._review.apply(name, change(segments, identity))
            self._choose(editing.find(self._review.segments, identity))

    def _judge(self, name: str, state: State) -> None:
        target = self._target()
        if target is None:
            return
        segments, identity = target
        before = editing.find(segments, identity)
        self._review.apply(name, editing.judge(segments, [identity], state))
        if before is None or before.state != "proposed":
            self._choose(editing.find(self._review.segments, identity))
            return
        proposed = [s for s in self._visible() if s.state == "proposed"]
        following = _first_after(proposed, before) or next(iter(proposed), None)
        if following is None:
            self._choose(editing.find(self._review.segments, identity))
            return
        if self._workspace.playhead.loop == (before.start, before.end):
            self._workspace.playhead.set_loop((following.start, following.end))
        show_chosen(self._workspace, _chosen(following))

    def _retrace(self, step: Callable[[], None]) -> None:
        before = set(self._review.segments)
        step()
        restored = [segment for segment in self._review.segments if segment not in before]
        if restored:
            self._choose(restored[0])

    def _visible(self) -> Segments:
        shown = set(self._workspace.classes.shown)
        return tuple(segment for segment in self._review.segments if segment.label in shown)

    def _choose(self, segment: ReviewedSegment | None) -> None:
        chosen = self._workspace.selection.chosen
        if segment is not None:
            self._workspace.selection.choose(_chosen(segment))
        elif chosen is not None and chosen.kind == "review":
            self._workspace.selection.choose(None)

    def _on_review_changed(self) -> None:
        if not self._review.begun:
            self._copies = {}
        chosen = self._workspace.selection.chosen
        if chosen is not None and chosen.kind == "review":
            self._choose(editing.find(self._review.segments, chosen.number))
        self.changed.emit()

    def _on_time_changed(self) -> None:
        if self.can_split != self._could_split:
            self._could_split = not self._could_split
            self.changed.emit()


def _origin(chosen: Chosen) -> _Origin:
    return chosen.kind, chosen.layer, chosen.start, chosen.end, chosen.label


def _chosen(segment: ReviewedSegment) -> Chosen:
    return Chosen("review", segment.identity, segment.start, segment.end, segment.label)


def _first_after(
    segments: Sequence[ReviewedSegment], one: ReviewedSegment
) -> ReviewedSegment | None:
    place = (one.start, one.end, one.identity)
    return next((s for s in segments if (s.start, s.end, s.identity) > place), None)
