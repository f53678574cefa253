"""Instances and moments as snippets."""

import numpy as np
import pytest

from lpat.annotations.reading import Moment, VideoAnnotation
from lpat_train.data.marks import Marks, covered, marks_of, past_end

EDGES = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.2])
CLASSES = ("jump", "run")


def reviewed(*rows: tuple[float, float, str]) -> VideoAnnotation:
    times = np.array([row[:2] for row in rows], np.float64).reshape(-1, 2)
    labels = tuple(row[2] for row in rows)
    return VideoAnnotation("v", None, 2.2, tuple(dict.fromkeys(labels)), times, labels)


def marks(*rows: tuple[float, float, str]) -> Marks:
    found = marks_of(EDGES, CLASSES, reviewed(*rows))
    assert found is not None
    return found


def test_times_become_numbers_of_snippets_within_the_video() -> None:
    its = marks((0.25, 1.0, "run"), (1.5, 9.0, "jump"), (0.0, 1.0, "never trained"), (3, 4, "run"))
    assert its.instances.tolist() == [[0.5, 2.0], [3.0, 5.0]]
    assert its.instance_classes.tolist() == [1, 0]
    assert its.reviewed


def test_moments_are_marks_of_a_video_that_is_not_reviewed() -> None:
    moments = (Moment("run", 1.25), Moment("never trained", 0.1))
    its = marks_of(EDGES, CLASSES, None, moments)
    assert its is not None
    assert (its.moments.tolist(), its.moment_classes.tolist()) == ([2.5], [1])
    assert not its.reviewed


def test_a_video_without_marks_has_none_and_one_in_which_nothing_happens_is_reviewed() -> None:
    assert marks_of(EDGES, CLASSES, None) is None
    assert marks_of(EDGES, CLASSES, None, (Moment("never trained", 0.1),)) is None
    its = marks()
    assert its is not None
    assert its.reviewed
    assert not its.shown(5, 2).any()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.5, 2.0, slice(0, 2)),  # a middle at the start lies in it
        (0.6, 2.6, slice(1, 3)),
        (1.6, 2.4, slice(2, 3)),  # no middle: the snippet that holds the instance's
        (4.9, 5.0, slice(4, 5)),
        (5.0, 5.0, slice(4, 5)),
    ],
)
def test_an_instance_covers_the_snippets_whose_middles_lie_in_it(
    start: float, end: float, expected: slice
) -> None:
    assert covered(start, end, 5) == expected


def test_a_part_of_a_video_has_the_marks_that_lie_in_it() -> None:
    whole = Marks(
        np.array([[0.0, 2.6], [3.0, 6.0], [8.0, 9.0]]),
        np.array([0, 1, 0]),
        np.array([1.5, 4.0, 7.0]),
        np.array([0, 1, 1]),
        reviewed=True,
    )
    part = whole.within(2, 7)
    assert part.instances.tolist() == [[0.0, pytest.approx(0.6)], [1.0, 4.0]]
    assert part.instance_classes.tolist() == [0, 1]
    assert (part.moments.tolist(), part.moment_classes.tolist()) == ([2.0], [1])
    assert part.reviewed


def test_a_part_covers_what_the_whole_covers_there() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        ends = np.sort(random.uniform(0, 9, (3, 2)).round(1), axis=1)
        whole = Marks(
            ends,
            np.arange(3),
            np.zeros(0),
            np.zeros(0, np.int64),
            reviewed=True,
            ambiguous=ends[:1],
        )
        start, stop = sorted(random.choice(10, 2, replace=False).tolist())
        part = whole.within(start, stop)
        assert part.shown(stop - start, 3).tolist() == whole.shown(9, 3)[start:stop].tolist()
        assert part.told(stop - start).tolist() == whole.told(9)[start:stop].tolist()


def test_a_moment_at_the_very_end_is_in_the_last_snippet_and_one_after_it_in_none() -> None:
    # Frames that fill no snippet may follow the last one; it takes 0.2 s.
    at_end, after = Moment("run", 2.3), Moment("run", 2.5)
    its = marks_of(EDGES, CLASSES, None, (at_end, after))
    assert its is not None
    assert its.within(0, 5).moments.astype(int).tolist() == [4]
    late = reviewed((1.0, 9.0, "jump"), (2.45, 9.0, "jump"))
    assert past_end(EDGES, late, (at_end, after)) == ["run at 2.5 s", "jump [2.45, 9] s"]


def test_ambiguous_times_are_those_of_all_snippets_that_they_touch() -> None:
    video = VideoAnnotation(
        "v", None, 2.2, (), np.zeros((0, 2)), (), ambiguous=np.array([[0.75, 1.1], [5, 9]])
    )
    its = marks_of(EDGES, CLASSES, video)
    assert its is not None
    assert its.told(5).tolist() == [True, False, False, True, True]
