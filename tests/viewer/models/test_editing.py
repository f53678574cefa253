"""Steps of correcting, each worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpat.annotations.reading import VideoAnnotation
from lpat.types import Detections
from lpat_viewer.models import editing
from lpat_viewer.models.review import ReviewedSegment

JUMP = ReviewedSegment(0, 10.0, 20.0, "jump", 0.9)
RUN = ReviewedSegment(1, 15.0, 18.0, "run", 0.8, "accepted")
LATER = ReviewedSegment(2, 30.0, 35.0, "jump", 0.95, "accepted")
ALL = (JUMP, RUN, LATER)


def test_detections_are_proposed_row_by_row() -> None:
    detections = Detections(
        ("jump", "run"),
        np.array([[10.0, 20.0], [1.0, 2.0]]),
        np.array([1, 0]),
        np.array([0.9, 0.5]),
    )
    assert editing.propose(detections) == (
        ReviewedSegment(0, 10.0, 20.0, "run", 0.9),
        ReviewedSegment(1, 1.0, 2.0, "jump", 0.5),
    )


def test_the_truth_is_accepted_row_by_row(truth: VideoAnnotation) -> None:
    assert editing.accept_truth(truth)[1] == ReviewedSegment(1, 31.0, 35.0, "run", None, "accepted")


def test_judging_changes_the_state_of_some() -> None:
    rejected = editing.judge(ALL, [0, 2], "rejected")
    assert [segment.state for segment in rejected] == ["rejected", "accepted", "rejected"]
    assert editing.judge(rejected, [0], "proposed")[0] == JUMP


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (12.0, None, (12.0, 20.0)),
        (None, 25.0, (10.0, 25.0)),
        (-3.0, None, (0.0, 20.0)),
        (None, 99.0, (10.0, 60.0)),
        (30.0, None, (19.96, 20.0)),  # the start stops short of the end
        (None, 5.0, (10.0, 10.04)),  # the end stops short of the start
    ],
)
def test_an_end_is_moved_alone(
    start: float | None, end: float | None, expected: tuple[float, float]
) -> None:
    after = editing.resize(ALL, 0, start=start, end=end, duration=60)
    assert (after[0].start, after[0].end) == pytest.approx(expected)
    assert after[0].state == "accepted"
    assert after[1:] == ALL[1:]


def test_resizing_to_what_is_so_already_changes_nothing() -> None:
    assert editing.resize(ALL, 0, start=10.0, duration=60) == ALL


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5, (15, 25)), (-99, (0, 10)), (99, (50, 60)), (0, (10, 20))]
)
def test_moving_keeps_the_length_within_the_video(
    seconds: float, expected: tuple[float, float]
) -> None:
    (moved, *_) = editing.move(ALL, 0, seconds, 60)
    assert (moved.start, moved.end) == expected


def test_a_rejected_segment_stays_so_when_it_moves() -> None:
    (moved,) = editing.move((replace(JUMP, state="rejected"),), 0, 1, 60)
    assert (moved.start, moved.state) == (11, "rejected")


def test_splitting_gives_the_second_part_a_new_identity() -> None:
    assert editing.split(ALL, 0, 14.0, new_identity=7) == (
        replace(JUMP, end=14.0),
        RUN,
        LATER,
        replace(JUMP, identity=7, start=14.0),
    )


@pytest.mark.parametrize("time", [5.0, 10.0, 10.03, 19.97, 20.0, 25.0])
def test_no_part_of_a_split_is_too_short(time: float) -> None:
    assert editing.split(ALL, 0, time, new_identity=7) == ALL


def test_merging_takes_in_the_next_of_the_class_and_the_higher_score() -> None:
    assert editing.merge(ALL, 0) == (
        ReviewedSegment(0, 10.0, 35.0, "jump", 0.95, "accepted"),
        RUN,
    )


def test_merging_takes_in_one_that_lies_inside() -> None:
    inside = ReviewedSegment(5, 12.0, 13.0, "jump")
    assert editing.merge((JUMP, inside), 0) == (replace(JUMP, state="accepted"),)


def test_merging_passes_over_what_was_rejected_and_may_find_nothing() -> None:
    segments = (JUMP, RUN, replace(LATER, state="rejected"))
    assert editing.neighbour(segments, JUMP) is None
    assert editing.merge(segments, 0) == segments


def test_of_equal_segments_the_later_identity_is_the_neighbour() -> None:
    twin = replace(JUMP, identity=4)
    assert editing.neighbour((JUMP, twin), JUMP) == twin
    assert editing.neighbour((JUMP, twin), twin) is None


def test_relabelling_accepts() -> None:
    assert editing.relabel(ALL, 0, "run")[0] == replace(JUMP, label="run", state="accepted")
    assert editing.relabel(ALL, 0, "jump") == ALL


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(1, 2, (1, 2)), (2, 1, (1, 2)), (59, 70, (59, 60)), (-1, 1, (0, 1)), (60, 60, (59.96, 60))],
)
def test_drawing_takes_the_ends_in_any_order(
    start: float, end: float, expected: tuple[float, float]
) -> None:
    *before, drawn = editing.draw(ALL, start, end, "run", new_identity=9, duration=60)
    assert tuple(before) == ALL
    assert (drawn.start, drawn.end) == pytest.approx(expected)
    assert (drawn.identity, drawn.label, drawn.score, drawn.state) == (9, "run", None, "accepted")


def test_removing_leaves_the_others() -> None:
    assert editing.remove(ALL, 1) == (JUMP, LATER)


def test_acting_on_a_segment_that_is_gone_is_an_error() -> None:
    with pytest.raises(KeyError):
        editing.relabel(ALL, 8, "run")


@given(st.floats(-10, 70), st.floats(-10, 70), st.floats(0.04, 60), st.booleans())
def test_clamped_times_lie_in_the_video_and_take_time(
    start: float, end: float, duration: float, keep_start: bool
) -> None:
    start, end = editing.clamp(start, end, duration, keep_start=keep_start)
    assert 0 <= start <= end <= duration
    assert end - start >= editing.SHORTEST - 1e-9
