"""Steps of correcting, undone and redone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from lpat_viewer.models.review import Review, ReviewedSegment


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
