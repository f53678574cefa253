"""Segments to jump to: the next and the previous detection, truth, error, segment to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lpat.types import Float64Array
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Mark, Track, tracks_of
from lpat_viewer.models.workspace import Workspace

Landmark = Literal["detection", "truth", "error", "review", "proposed"]
"""Of the active layer, of the truth, a miss or false alarm, of the review, not judged yet."""

_MARKS: dict[Landmark, tuple[Mark, ...]] = {
    "error": (Mark.MISS, Mark.FALSE_ALARM),
    "proposed": (Mark.PROPOSED,),
}
_KINDS: dict[Landmark, tuple[str, ...]] = {
    "detection": ("detection",),
    "truth": ("truth",),
    "error": ("truth", "detection"),
    "review": ("review",),
    "proposed": ("review",),
}


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Segments of some tracks in order of start, then end, then track and row."""

    tracks: tuple[Track, ...]
    order: tuple[tuple[int, int], ...]  # track and row of each
    starts: Float64Array  # (N,)

    def __len__(self) -> int:
        return len(self.order)

    def chosen(self, position: int) -> Chosen:
        """The segment at a place in the order."""
        track, row = self.order[position]
        return self.tracks[track].chosen(row)

    def position_of(self, chosen: Chosen | None) -> int | None:
        """The place of a segment that was chosen, if it is one of these."""
        for number, track in enumerate(self.tracks):
            row = track.row_of(chosen)
            if row is not None and (number, row) in self.order:
                return self.order.index((number, row))
        return None


def landmarks_of(tracks: Iterable[Track], shown: Sequence[str], landmark: Landmark) -> Landmarks:
    """The landmarks of the classes shown."""
    kept = tuple(track for track in tracks if track.kind in _KINDS[landmark])
    numbers, rows = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for number, track in enumerate(kept):
        its = track.of_classes(shown)
        if landmark in _MARKS:
            its = its[np.isin(track.marks[its], _MARKS[landmark])]
        rows.append(its)
        numbers.append(np.full(len(its), number))
    times = [kept[number].segments[its] for number, its in enumerate(rows[1:])]
    segments = np.concatenate([np.zeros((0, 2)), *times])
    order = np.lexsort((segments[:, 1], segments[:, 0]))  # stable: then by track and row
    places = zip(
        np.concatenate(numbers)[order].tolist(), np.concatenate(rows)[order].tolist(), strict=True
    )
    return Landmarks(kept, tuple(places), segments[order, 0])


def position_after(landmarks: Landmarks, time: float, chosen: Chosen | None = None) -> int | None:
    """The first that starts after a time; the one after `chosen` where the time is its start."""
    here = _position_at(landmarks, time, chosen)
    if here is None:
        here = int(np.searchsorted(landmarks.starts, time, side="right")) - 1
    return here + 1 if here + 1 < len(landmarks) else None


def position_before(landmarks: Landmarks, time: float, chosen: Chosen | None = None) -> int | None:
    """The last that starts before a time; the one before `chosen` where the time is its start."""
    here = _position_at(landmarks, time, chosen)
    if here is None:
        here = int(np.searchsorted(landmarks.starts, time, side="left"))
    return here - 1 if here > 0 else None


def _position_at(landmarks: Landmarks, time: float, chosen: Chosen | None) -> int | None:
    here = landmarks.position_of(chosen)
    return here if here is not None and landmarks.starts[here] == time else None


def go_to_next(workspace: Workspace, landmark: Landmark) -> bool:
    """Whether there is one after the playhead; it is chosen and shown."""
    return _go(workspace, landmark, forward=True)


def go_to_previous(workspace: Workspace, landmark: Landmark) -> bool:
    """Whether there is one before the playhead; it is chosen and shown."""
    return _go(workspace, landmark, forward=False)


def show_chosen(workspace: Workspace, chosen: Chosen, *, seek: bool = True) -> None:
    """Choose a segment and make the timeline show its start, with the playhead there."""
    workspace.selection.choose(chosen)
    workspace.time_range.reveal(chosen.start)
    if seek:
        workspace.playhead.seek(chosen.start)


def _go(workspace: Workspace, landmark: Landmark, *, forward: bool) -> bool:
    active = workspace.layers.active
    tracks = (
        track
        for track in tracks_of(workspace)
        if track.kind != "detection" or (active is not None and track.name == active.name)
    )
    landmarks = landmarks_of(tracks, workspace.classes.shown, landmark)
    search = position_after if forward else position_before
    position = search(landmarks, workspace.playhead.time, workspace.selection.chosen)
    if position is None:
        return False
    show_chosen(workspace, landmarks.chosen(position))
    return True
