"""What becomes of a segment that is dragged, and what it snaps to."""

from collections.abc import Sequence

import numpy as np
import pytest

from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.tracks import review_track
from lpat_viewer.timeline.dragging import Action, Drag, marks_of, pull_of, snapped

SEGMENT = ReviewedSegment(0, 10.0, 20.0, "jump")


def dragged(
    action: Action,
    seconds: float,
    marks: Sequence[float] = (),
    *,
    before: ReviewedSegment = SEGMENT,
    reach: float = 0.6,
) -> Drag:
    """A drag from 15 s on by some seconds."""
    drag = Drag(action, 0.0, 15.0, before, before, np.array(marks), 0.0)
    return drag.at(15.0 + seconds, reach=reach, duration=60.0)


@pytest.mark.parametrize(
    ("action", "seconds", "marks", "times", "held"),
    [
        ("end", 3.0, [], (10.0, 23.0), 23.0),
        ("end", 3.0, [23.5], (10.0, 23.5), 23.5),
        ("end", 3.0, [23.5, 22.9], (10.0, 22.9), 22.9),
        ("end", 3.0, [24.0], (10.0, 23.0), 23.0),  # out of reach
        ("end", -12.0, [], (10.0, 10.04), 10.04),  # as short as it may be
        ("start", -3.0, [6.5], (6.5, 20.0), 6.5),
        ("move", 2.0, [], (12.0, 22.0), 12.0),
        ("move", 2.0, [12.5], (12.5, 22.5), 12.5),
        ("move", 2.0, [12.5, 22.25], (12.25, 22.25), 12.25),  # the nearer of its ends snaps
        ("move", -14.0, [], (0.0, 10.0), 0.0),
    ],
)
def test_what_is_dragged_snaps_to_the_nearest_mark_within_reach(
    action: Action,
    seconds: float,
    marks: list[float],
    times: tuple[float, float],
    held: float,
) -> None:
    drag = dragged(action, seconds, marks)
    assert (drag.now.start, drag.now.end) == pytest.approx(times)
    assert drag.held == pytest.approx(held)
    assert drag.begun


def test_drawing_goes_either_way_and_snaps() -> None:
    nothing = ReviewedSegment(-1, 15.0, 15.0, "jump")
    later = dragged("draw", 4.0, [19.5], before=nothing)
    assert (later.now.start, later.now.end, later.held) == (15.0, 19.5, 19.5)
    sooner = dragged("draw", -4.0, before=nothing)
    assert (sooner.now.start, sooner.now.end, sooner.held) == (11.0, 15.0, 11.0)


def test_with_a_reach_below_zero_nothing_snaps() -> None:
    assert dragged("end", 3.0, [23.0001], reach=-1.0).now.end == 23.0


def test_marks_are_the_playhead_and_the_ends_of_others_of_the_class() -> None:
    others = [
        SEGMENT,
        ReviewedSegment(1, 10.0, 30.0, "jump"),  # 10 is an end of the segment itself too
        ReviewedSegment(2, 41.0, 42.0, "run"),
    ]
    marks = marks_of([review_track(others)], 5.0, SEGMENT)
    assert marks.tolist() == [5.0, 30.0]


def test_without_marks_nothing_snaps() -> None:
    assert snapped(3.0, np.zeros(0), 1.0) == 3.0
    assert pull_of(3.0, np.zeros(0), 1.0) is None
