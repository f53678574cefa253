"""What segments look like, and how few boxes they need."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor

from lpat.types import Detections
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.tracks import Mark, layer_track
from lpat_viewer.theme import DARK, LIGHT
from lpat_viewer.timeline.lane_painting import LOWEST, boxes_of, heights_of, look_of


def test_narrow_segments_side_by_side_become_one_box() -> None:
    ends = np.array([[10.0, 20.0], [30.2, 30.4], [30.6, 30.9], [31.1, 31.2], [40.0, 40.5]])
    boxes = boxes_of(ends, np.array([5.0, 1.0, 2.0, 3.0, 4.0]), bottom=10)
    assert boxes.tolist() == [[10, 5, 10, 5], [30, 7, 2, 3], [40, 6, 1, 4]]


def test_no_segments_need_no_boxes() -> None:
    assert boxes_of(np.zeros((0, 2)), np.zeros(0), 10).shape == (0, 4)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 3)), max_size=60))
def test_boxes_cover_every_segment_and_are_no_more_than_pixels_and_wide_segments(
    places: list[tuple[float, float]],
) -> None:
    ends = np.array([(left, left + width) for left, width in places]).reshape(-1, 2)
    boxes = boxes_of(ends, np.ones(len(ends)), 10)
    wide = int((ends[:, 1] - ends[:, 0] >= 1).sum())
    assert len(boxes) <= min(len(ends), wide + 51)
    for left in ends[:, 0]:
        assert ((boxes[:, 0] <= left) & (left <= boxes[:, 0] + boxes[:, 2])).any()


def test_a_detection_is_the_higher_the_surer_it_is() -> None:
    def heights(scores: list[float]) -> list[float]:
        count = len(scores)
        segments = np.tile([0.0, 1.0], (count, 1))
        detections = Detections(("a",), segments, np.zeros(count, np.int64), np.array(scores))
        track = layer_track(Layer("x", detections), None)
        return heights_of(track, np.arange(len(track))).tolist()

    np.testing.assert_allclose(heights([0.8, 0.4, 0.0]), [1.0, (1 + LOWEST) / 2, LOWEST])
    np.testing.assert_allclose(heights([1.0, -1.0]), [1.0, LOWEST])
    assert heights([0.5, 0.5]) == [1.0, 1.0]
    assert heights([-2.0, -2.0]) == [1.0, 1.0]
    assert heights([]) == []


def test_marks_differ_in_form_and_not_in_colour_alone() -> None:
    for theme in (LIGHT, DARK):
        for kind, marks in (
            ("detection", (Mark.HIT, Mark.FALSE_ALARM)),
            ("truth", (Mark.FOUND, Mark.MISS)),
            ("review", (Mark.PROPOSED, Mark.ACCEPTED, Mark.REJECTED)),
        ):
            forms = []
            for mark in marks:
                look = look_of(mark, kind, QColor("red"), theme)
                solid = look.fill.color().alpha() > 128
                forms.append((look.fill.style(), look.outline.style(), solid, look.struck))
            assert all(one != other for one, other in combinations(forms, 2))
