"""Truth, layers and review as arrays."""

from pathlib import Path

import numpy as np

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.types import Detections
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Mark, review_track, tracks_of
from lpat_viewer.models.workspace import Workspace

DETECTIONS = Detections(
    ("jump", "run"), np.array([[10.0, 19.0], [1.0, 2.0]]), np.array([0, 1]), np.array([0.9, 0.5])
)


def test_only_the_active_layer_is_judged(workspace: Workspace, truth: VideoAnnotation) -> None:
    workspace.set_video(Path("video.mp4"))
    workspace.set_annotations(Annotations(Path("annotations.json"), (truth,)))
    workspace.layers.put(Layer("one", DETECTIONS))
    workspace.layers.put(Layer("two", DETECTIONS))
    workspace.review.begin([])
    tracks = tracks_of(workspace)
    assert [track.name for track in tracks] == ["truth", "one", "two", "review"]
    assert [track.marks.tolist() for track in tracks] == [
        [Mark.FOUND, Mark.MISS, Mark.MISS], [Mark.HIT, Mark.FALSE_ALARM], [Mark.NONE] * 2, [],
    ]  # fmt: skip
    workspace.layers.set_shown("two", False)
    assert [track.name for track in tracks_of(workspace)] == ["truth", "one", "review"]


def test_nothing_is_judged_without_truth(opened: Workspace) -> None:
    (track,) = tracks_of(opened)
    assert not track.marks.any()
    assert Mark.NONE.text == ""
    assert Mark.FALSE_ALARM.text == "false alarm"


def test_a_segment_is_found_again_by_what_was_chosen(opened: Workspace) -> None:
    (track,) = tracks_of(opened)
    chosen = track.chosen(1)
    assert track.row_of(chosen) == 1
    assert track.row_of(None) is None
    assert track.row_of(Chosen("detection", 1, 0, 1, "jump", "another")) is None
    assert track.row_of(Chosen("review", 1, 0, 1, "jump")) is None
    assert track.row_of(Chosen("detection", 99, 0, 1, "jump", "model.onnx")) is None


def test_a_review_goes_by_identities_and_has_no_score_of_what_was_drawn() -> None:
    track = review_track(
        [
            ReviewedSegment(5, 1.0, 2.0, "run", 0.5, "rejected"),
            ReviewedSegment(3, 4.0, 5.0, "jump", None, "accepted"),
        ]
    )
    assert track.labels == ("run", "jump")
    assert track.numbers.tolist() == [5, 3]
    assert track.segments.tolist() == [[1.0, 2.0], [4.0, 5.0]]
    assert track.marks.tolist() == [Mark.REJECTED, Mark.ACCEPTED]
    np.testing.assert_array_equal(track.scores, [0.5, np.nan])
    assert track.row_of(track.chosen(1)) == 1
    assert track.of_classes(["jump"]).tolist() == [1]


def test_an_empty_review_is_a_track_of_none() -> None:
    track = review_track([])
    assert (len(track), track.segments.shape, track.of_classes(["run"]).tolist()) == (0, (0, 2), [])
