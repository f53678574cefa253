"""Commands that correct segments: what the menu, the keys and the mouse call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from lpat_viewer.models import editing
from lpat_viewer.models.editing import Segments
from lpat_viewer.models.landmarks import show_chosen
from lpat_viewer.models.review import ReviewedSegment, State, in_time
from lpat_viewer.models.saving import Saving, exporting
from lpat_viewer.models.target import Target, as_chosen
from lpat_viewer.models.workspace import Workspace


class Corrections(Target):
    """What can be done to the chosen segment, and to the whole review, each one step to undo.

    What can't be done does nothing, or tells why.
    """

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(workspace, parent)
        self._could_split = False
        workspace.playhead.time_changed.connect(self._on_time_changed)

    # The chosen segment

    @property
    def can_split(self) -> bool:
        """Whether the playhead is well within it."""
        return self.can_split_at(self._workspace.playhead.time)

    def can_split_at(self, time: float) -> bool:
        """Whether a time is well within it."""
        segment = self.segment_to_be
        return segment is not None and editing.can_split(segment, time)

    @property
    def can_merge(self) -> bool:
        """Whether a segment of the same class comes after it."""
        segment = self.segment_to_be
        if segment is None:
            return False
        return editing.neighbour(self._segments_to_be(segment.label), segment) is not None

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

        def halves(segments: Segments, identity: int) -> Segments:
            new = self._copies.new_identity()
            return editing.split(segments, identity, time, new_identity=new)

        self._edit("Split", halves)

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
        """Let it start or end elsewhere; with both ends elsewhere it is moved."""
        duration = self.duration
        self._edit(
            "Resize" if start is None or end is None else "Move",
            lambda segments, which: editing.resize(
                segments, which, start=start, end=end, duration=duration
            ),
        )

    def nudge(self, seconds: float) -> None:
        """Move it later by some seconds, or sooner; many of these in a row are one step."""
        duration = self.duration
        self._edit(
            "Move",
            lambda segments, which: editing.move(segments, which, seconds, duration),
            in_runs=True,
        )

    def remove(self) -> None:
        """Take it out of the review, and choose the next one."""
        taken = self._take()
        if taken is not None:
            segments, segment = taken
            self._review.apply("Remove", editing.remove(segments, segment.identity))
            self._choose(_first_after(self._visible(), segment))

    # All segments

    @property
    def can_accept_all(self) -> bool:
        """Whether any segment of a class that is shown is still to be judged."""
        if self.can_begin:
            return self._workspace.layers.active is not None
        return any(segment.state == "proposed" for segment in self._visible())

    def accept_all(self) -> None:
        """Accept all of the classes shown that are still to be judged."""
        if self._begin_if_needed():
            proposed = [s.identity for s in self._visible() if s.state == "proposed"]
            accepted = editing.judge(self._review.segments, proposed, "accepted")
            self._review.apply("Accept all", accepted)

    def draw(self, start: float, end: float, label: str) -> None:
        """Add an accepted segment, and choose it."""
        if self._begin_if_needed():
            new, segments = self._copies.new_identity(), self._review.segments
            drawn = editing.draw(
                segments, start, end, label, new_identity=new, duration=self.duration
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

    # Files

    def saving(self, path: Path) -> Saving:
        """The review to be saved at a path: its `write` may run in another thread, then `saved`.

        Raises:
            UsageError: nothing is being corrected.
        """
        return Saving.of(self._workspace, path)

    def saved(self, saving: Saving, backup: Path | None = None) -> None:
        """Remember that this is in a file, and tell the user what was left out."""
        self._review.mark_saved(saving.segments)
        self._workspace.notices.tell(saving.summary(backup))

    def exporting(self, path: Path) -> Callable[[], None]:
        """A function that writes all that isn't rejected, or else the active layer.

        It may run in another thread.

        Raises:
            UsageError: there is nothing to write, or nothing to write the format with.
        """
        return exporting(self._workspace, path)

    # How commands come about

    def _edit(
        self, name: str, change: Callable[[Segments, int], Segments], *, in_runs: bool = False
    ) -> None:
        taken = self._take()
        if taken is None:
            return
        segments, before = taken
        after = change(segments, before.identity)
        if after == segments:
            return
        self._review.apply(name, after, run=(name, before.identity) if in_runs else None)
        segment = editing.find(after, before.identity)
        if segment is not None:
            self._move_loop(before, segment)
        self._choose(segment)

    def _judge(self, name: str, state: State) -> None:
        taken = self._take()
        if taken is None:
            return
        segments, before = taken
        self._review.apply(name, editing.judge(segments, [before.identity], state))
        proposed = [s for s in self._visible() if s.state == "proposed"]
        following = _first_after(proposed, before) or next(iter(proposed), None)
        if before.state != "proposed" or following is None:
            self._choose(editing.find(self._review.segments, before.identity))
            return
        self._move_loop(before, following)
        show_chosen(self._workspace, as_chosen(following))

    def _move_loop(self, before: ReviewedSegment, after: ReviewedSegment) -> None:
        """Where a segment is played over and over, go on with what it became, or what follows."""
        if self._workspace.playhead.loop == (before.start, before.end):
            self._workspace.playhead.set_loop((after.start, after.end))

    def _retrace(self, step: Callable[[], None]) -> None:
        before = set(self._review.segments)
        step()
        restored = [segment for segment in self._review.segments if segment not in before]
        if restored:
            show_chosen(self._workspace, as_chosen(restored[0]), seek=False)

    def _on_time_changed(self) -> None:
        if self.can_split != self._could_split:
            self._could_split = not self._could_split
            self.changed.emit()


def _first_after(
    segments: Sequence[ReviewedSegment], one: ReviewedSegment
) -> ReviewedSegment | None:
    return next((other for other in segments if in_time(other) > in_time(one)), None)
