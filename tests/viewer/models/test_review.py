"""Steps of correcting, undone and redone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from lpat_viewer.models.review import RUN_SECONDS, Review, ReviewedSegment


def segment(identity: int, start: float) -> ReviewedSegment:
    return ReviewedSegment(identity, start, start + 1, "jump")


@pytest.fixture
def review(qtbot: QtBot) -> Review:
    """A review of one segment."""
    review = Review()
    review.begin([segment(1, 5.0)])
    return review


def test_segments_are_in_order_of_time(review: Review) -> None:
    review.apply("Draw", [*review.segments, segment(2, 1.0)])
    assert [s.identity for s in review.segments] == [2, 1]


def test_a_step_is_undone_and_redone(review: Review) -> None:
    before = review.segments
    review.apply("Draw", [*before, segment(2, 1.0)])
    after = review.segments
    assert review.undo_name == "Draw"
    review.undo()
    assert review.segments == before
    assert (review.undo_name, review.redo_name) == (None, "Draw")
    review.redo()
    assert review.segments == after


def test_another_step_ends_what_could_be_redone(review: Review) -> None:
    review.apply("Draw", [*review.segments, segment(2, 1.0)])
    review.undo()
    review.apply("Remove", [])
    assert review.redo_name is None


def test_a_step_that_changes_nothing_is_none(review: Review) -> None:
    review.apply("Move", review.segments)
    assert review.undo_name is None
    assert not review.modified


def test_quick_steps_of_a_run_are_one(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("lpat_viewer.models.review.monotonic", lambda: now)
    before = review.segments

    def move(start: float, run: object = "move 1") -> None:
        review.apply("Move", [segment(1, start)], run=run)

    move(6.0)
    now += RUN_SECONDS
    move(7.0)
    review.undo()
    assert review.segments == before
    review.redo()
    move(8.0)  # redoing has ended the run
    now += RUN_SECONDS + 0.1
    move(9.0)  # late
    move(10.0, "move 2")  # of another segment
    review.mark_saved()
    move(11.0, "move 2")  # saved in between
    starts = []
    while review.undo_name is not None:
        review.undo()
        starts.append(review.segments[0].start)
    assert starts == [10.0, 9.0, 8.0, 7.0, 5.0]


def test_a_run_that_leads_back_is_no_step(review: Review) -> None:
    review.apply("Move", [segment(1, 6.0)], run="move")
    review.apply("Move", [segment(1, 5.0)], run="move")
    assert review.undo_name is None
    assert not review.modified


def test_saved_is_what_was_saved_also_after_undoing_and_redoing(review: Review) -> None:
    review.apply("Remove", [])
    assert review.modified
    review.mark_saved()
    assert not review.modified
    review.undo()
    assert review.modified
    review.redo()
    assert not review.modified


@settings(deadline=None)
@given(starts=st.lists(st.floats(0, 100), min_size=1, max_size=8, unique=True))
def test_undoing_all_steps_leads_back_to_the_beginning(starts: list[float]) -> None:
    review = Review()
    review.begin([])
    for identity, start in enumerate(starts):
        review.apply("Draw", [*review.segments, segment(identity, start)])
    full = review.segments
    for _ in starts:
        review.undo()
    assert review.segments == ()
    assert not review.modified
    for _ in starts:
        review.redo()
    assert review.segments == full
