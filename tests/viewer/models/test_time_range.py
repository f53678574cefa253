"""The part of the video that the timeline shows."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from lpat_viewer.models.time_range import SHORTEST, TimeRange


@pytest.fixture
def shown(qtbot: QtBot) -> TimeRange:
    """A hundred seconds, all shown."""
    shown = TimeRange()
    shown.set_duration(100.0)
    return shown


def test_a_longer_video_shown_whole_is_still_shown_whole(shown: TimeRange) -> None:
    shown.set_duration(200.0)
    assert (shown.start, shown.end) == (0.0, 200.0)


def test_a_longer_video_keeps_a_part_that_is_shown(shown: TimeRange) -> None:
    shown.show(20.0, 30.0)
    shown.set_duration(200.0)
    assert (shown.start, shown.end) == (20.0, 30.0)


def test_zooming_keeps_the_time_under_the_cursor_where_it_is(shown: TimeRange) -> None:
    shown.zoom(0.5, at=20.0)
    assert (shown.start, shown.end) == pytest.approx((10.0, 60.0))


def test_zooming_out_ends_at_the_whole(shown: TimeRange) -> None:
    shown.show(20.0, 30.0)
    shown.zoom(100.0, at=25.0)
    assert (shown.start, shown.end) == (0.0, 100.0)


def test_zooming_in_ends_at_the_shortest_time(shown: TimeRange) -> None:
    shown.zoom(1e-9, at=50.0)
    assert shown.length == pytest.approx(SHORTEST)


def test_panning_stops_at_the_ends(shown: TimeRange) -> None:
    shown.show(20.0, 30.0)
    shown.pan(500.0)
    assert (shown.start, shown.end) == (90.0, 100.0)
    shown.pan(-500.0)
    assert (shown.start, shown.end) == (0.0, 10.0)


def test_a_segment_is_shown_with_its_surroundings(shown: TimeRange) -> None:
    shown.fit_segment(40.0, 50.0)
    assert (shown.start, shown.end) == (35.0, 55.0)


def test_revealing_turns_the_page_only_for_what_is_not_shown(shown: TimeRange) -> None:
    shown.show(20.0, 30.0)
    shown.reveal(29.0)
    assert (shown.start, shown.end) == (20.0, 30.0)
    shown.reveal(31.0)
    assert (shown.start, shown.end) == pytest.approx((30.0, 40.0))


def test_only_a_change_is_told(shown: TimeRange) -> None:
    told: list[int] = []
    shown.changed.connect(lambda: told.append(1))
    shown.fit()
    assert not told
    shown.show(1.0, 2.0)
    assert len(told) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["zoom", "pan", "show"]), st.floats(-1e3, 1e3),
                  st.floats(0.01, 1e3)),
        max_size=12,
    )
)  # fmt: skip
def test_whatever_is_done_it_stays_within_the_video(
    shown: TimeRange, steps: list[tuple[str, float, float]]
) -> None:
    for what, time, amount in steps:
        match what:
            case "zoom":
                shown.zoom(amount, at=min(max(time, shown.start), shown.end))
            case "pan":
                shown.pan(time)
            case "show":
                shown.show(time, time + amount)
        assert 0 <= shown.start < shown.end <= 100.0 + 1e-9
        assert shown.length >= SHORTEST - 1e-9
