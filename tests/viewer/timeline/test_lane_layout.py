"""Where lanes lie, and what a place in them hits."""

import numpy as np
import pytest

from lpat.types import Detections
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Track, layer_track, review_track
from lpat_viewer.timeline.lane_layout import PADDING, lay_out
from lpat_viewer.timeline.scale import TimeScale

SCALE = TimeScale(0.0, 100.0, 100.0, 1000.0)  # ten pixels a second, from 100 on
REVIEW = review_track(
    [
        ReviewedSegment(7, 10.0, 20.0, "jump"),
        ReviewedSegment(8, 12.0, 14.0, "jump"),
        ReviewedSegment(9, 30.0, 30.5, "jump"),
        ReviewedSegment(10, 40.0, 50.0, "run"),
    ]
)
EMPTY = Track(
    "truth", "truth", (), np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0),
    np.zeros(0, np.int64), np.zeros(0, np.int64),
)  # fmt: skip


def test_each_class_has_a_row_and_each_track_a_lane_in_it() -> None:
    layout = lay_out([EMPTY, REVIEW], ["run", "jump", "dive"], 20)
    height = 2 * PADDING + 40
    assert [(row.label, row.top, row.height) for row in layout.rows] == [
        ("run", 0, height), ("jump", height, height), ("dive", 2 * height, height),
    ]  # fmt: skip
    assert layout.height == 3 * height
    assert [len(lane.rows) for row in layout.rows for lane in row.lanes] == [0, 1, 0, 3, 0, 0]
    assert layout.rows[1].lanes[1].top == height + PADDING + 20


def test_without_tracks_rows_have_room_for_one_lane() -> None:
    layout = lay_out([], ["run"], 20)
    assert layout.height == 2 * PADDING + 20
    assert lay_out([], [], 20).height == 0


def test_only_rows_in_sight_are_within() -> None:
    layout = lay_out([REVIEW], ["jump", "run"], 20)
    assert [row.label for row in layout.rows_within(0, 28)] == ["jump"]
    assert [row.label for row in layout.rows_within(27, 29)] == ["jump", "run"]
    assert layout.rows_within(56, 80) == ()


@pytest.mark.parametrize(
    ("x", "identity", "edge"),
    [
        (270, 7, None),
        (197, 7, "start"),  # up to five pixels outside
        (204, 7, "start"),
        (206, 7, None),
        (297, 7, "end"),
        (305, 7, "end"),
        (230, 8, None),  # the shorter of two
        (402, 9, None),  # five pixels wide: its ends are held from outside
        (397, 9, "start"),
        (408, 9, "end"),
        (194, None, None),
        (500, None, None),
    ],
)
def test_the_segment_and_its_end_are_found(x: float, identity: int | None, edge: str) -> None:
    layout = lay_out([REVIEW], ["jump", "run"], 20)
    hit = layout.hit(x, PADDING + 10, SCALE, None)
    assert (None if hit is None else hit.chosen.number) == identity
    assert hit is None or hit.edge == edge


def test_of_several_segments_the_chosen_one_is_hit() -> None:
    layout = lay_out([REVIEW], ["jump"], 20)
    hit = layout.hit(230, PADDING + 10, SCALE, Chosen("review", 7, 10.0, 20.0, "jump"))
    assert hit is not None
    assert hit.chosen.number == 7


def test_nothing_is_hit_between_lanes_or_in_the_gutter() -> None:
    layout = lay_out([REVIEW], ["jump"], 20)
    assert layout.hit(270, 1, SCALE, None) is None
    assert layout.hit(270, 99, SCALE, None) is None
    early = TimeScale(15.0, 100.0, 100.0, 1000.0)
    assert layout.hit(90, PADDING + 10, early, None) is None


def test_ends_of_detections_are_found_in_the_active_layer_alone() -> None:
    times, labels = np.array([[10.0, 20.0]]), np.array([0])
    detections = Detections(("jump",), times, labels, np.array([0.5]))
    tracks = [layer_track(Layer(name, detections), None) for name in ("a.onnx", "b.onnx")]
    layout = lay_out(tracks, ["jump"], 20, active="b.onnx")
    edges = []
    for lane in layout.rows[0].lanes:
        hit = layout.hit(300, lane.top + 10, SCALE, None)
        assert hit is not None
        edges.append(hit.edge)
    assert edges == [None, "end"]
