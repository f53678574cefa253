"""Jumps to detections, truths, errors and what is still to be judged."""

import pytest

from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.landmarks import Landmark, go_to_next, go_to_previous
from lpat_viewer.models.workspace import Workspace


def stops(workspace: Workspace, landmark: Landmark) -> list[float]:
    """Where going on and on leads."""
    starts = []
    while go_to_next(workspace, landmark):
        starts.append(workspace.playhead.time)
    return starts


@pytest.mark.parametrize(
    ("landmark", "expected"),
    [
        ("detection", [10.0, 30.0, 40.0]),
        ("truth", [10.0, 31.0, 50.0]),
        ("error", [40.0, 50.0]),
        ("review", []),
        ("proposed", []),
    ],
)
def test_going_on_visits_all_in_order(
    judged: Workspace, landmark: Landmark, expected: list[float]
) -> None:
    assert stops(judged, landmark) == expected
    back = expected[:-1][::-1]
    visited = []
    while go_to_previous(judged, landmark):
        visited.append(judged.playhead.time)
    assert visited == back


def test_what_one_goes_to_is_chosen_and_in_sight(judged: Workspace) -> None:
    judged.time_range.show(0, 5)
    assert go_to_next(judged, "error")
    chosen = judged.selection.chosen
    assert chosen is not None
    assert (chosen.kind, chosen.label, chosen.start) == ("detection", "jump", 40.0)
    assert judged.time_range.start <= 40 <= judged.time_range.end


def test_from_between_one_goes_to_the_nearest_on_either_side(judged: Workspace) -> None:
    judged.playhead.seek(33.0)
    assert go_to_previous(judged, "truth")
    assert judged.playhead.time == 31.0
    judged.playhead.seek(33.0)
    assert go_to_next(judged, "truth")
    assert judged.playhead.time == 50.0


def test_hidden_classes_are_passed_over(judged: Workspace) -> None:
    judged.classes.set_shown(["jump"], False)
    assert stops(judged, "detection") == [30.0]


def test_segments_that_start_together_are_visited_one_by_one(judged: Workspace) -> None:
    corrections = Corrections(judged)
    corrections.begin()
    corrections.draw(10.0, 12.0, "run")
    judged.selection.choose(None)
    judged.playhead.seek(0.0)
    visited = []
    while go_to_next(judged, "review"):
        assert judged.selection.chosen is not None
        visited.append((judged.selection.chosen.start, judged.selection.chosen.label))
    assert visited == [(10.0, "run"), (10.0, "jump"), (30.0, "run"), (40.0, "jump")]


def test_only_what_is_still_to_be_judged_is_proposed(judged: Workspace) -> None:
    corrections = Corrections(judged)
    go_to_next(judged, "detection")
    corrections.accept()
    judged.playhead.seek(0.0)
    assert stops(judged, "proposed") == [30.0, 40.0]
