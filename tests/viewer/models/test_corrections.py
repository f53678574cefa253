"""Commands of correcting, as keys and menus give them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.errors import UsageError
from lpat.types import Detections
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.target import TRUTH_STAYS
from lpat_viewer.models.tracks import tracks_of
from lpat_viewer.models.workspace import Workspace


@pytest.fixture
def corrections(opened: Workspace) -> Corrections:
    """Of three detections: jump [10, 20), run [30, 35), jump [40, 44)."""
    return Corrections(opened)


def choose(workspace: Workspace, kind: str, start: float) -> None:
    """Choose the segment of a kind that starts there."""
    for track in tracks_of(workspace):
        rows = np.flatnonzero(track.segments[:, 0] == start)
        if track.kind == kind and len(rows):
            workspace.selection.choose(track.chosen(int(rows[0])))
            return
    raise AssertionError(f"no {kind} starts at {start}")


def times(workspace: Workspace) -> list[tuple[float, float, str]]:
    return [(s.start, s.end, s.state) for s in workspace.review.segments]


def annotate(workspace: Workspace, videos: Sequence[VideoAnnotation]) -> None:
    """Take annotations of `video`, which is open."""
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(60.0)
    workspace.set_annotations(Annotations(Path("annotations.json"), tuple(videos)))


def test_the_first_command_begins_and_accepting_goes_on_to_the_next(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 10.0)
    corrections.accept()
    assert times(opened) == [
        (10.0, 20.0, "accepted"), (30.0, 35.0, "proposed"), (40.0, 44.0, "proposed"),
    ]  # fmt: skip
    chosen = opened.selection.chosen
    assert chosen is not None
    assert (chosen.kind, chosen.start, opened.playhead.time) == ("review", 30.0, 30.0)
    corrections.reject()
    corrections.accept()
    assert [state for *_, state in times(opened)] == ["accepted", "rejected", "accepted"]
    assert opened.selection.chosen is not None  # nothing is left to go on to
    assert opened.selection.chosen.start == 40.0


def test_judging_goes_on_from_the_start_once_the_end_is_reached(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 40.0)
    corrections.accept()
    assert opened.selection.chosen is not None
    assert opened.selection.chosen.start == 10.0


def test_judging_skips_classes_that_are_hidden(opened: Workspace, corrections: Corrections) -> None:
    opened.classes.set_shown(["run"], False)
    choose(opened, "detection", 10.0)
    corrections.accept()
    assert opened.selection.chosen is not None
    assert opened.selection.chosen.start == 40.0


def test_who_changes_an_earlier_verdict_stays_there(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 10.0)
    corrections.accept()
    choose(opened, "review", 10.0)
    corrections.reject()
    assert opened.selection.chosen is not None
    assert opened.selection.chosen.start == 10.0


def test_the_loop_goes_on_with_the_selection(opened: Workspace, corrections: Corrections) -> None:
    choose(opened, "detection", 10.0)
    opened.playhead.set_loop((10.0, 20.0))
    corrections.accept()
    assert opened.playhead.loop == (30.0, 35.0)
    corrections.nudge(1)
    assert opened.playhead.loop == (31.0, 36.0)


def test_accept_all_is_one_step_and_leaves_hidden_classes(
    opened: Workspace, corrections: Corrections
) -> None:
    opened.classes.set_shown(["run"], False)
    corrections.accept_all()
    assert [state for *_, state in times(opened)] == ["accepted", "proposed", "accepted"]
    assert not corrections.can_accept_all
    corrections.undo()
    assert [state for *_, state in times(opened)] == ["proposed"] * 3


def test_the_playhead_sets_the_ends(opened: Workspace, corrections: Corrections) -> None:
    choose(opened, "detection", 10.0)
    opened.playhead.seek(12.0)
    corrections.set_start_to_playhead()
    opened.playhead.seek(18.0)
    corrections.set_end_to_playhead()
    assert times(opened)[0] == (12.0, 18.0, "accepted")
    assert opened.selection.chosen is not None
    assert (opened.selection.chosen.start, opened.selection.chosen.end) == (12.0, 18.0)


def test_splitting_is_possible_within_the_segment_only(
    qtbot: QtBot, opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 10.0)
    assert not corrections.can_split
    with qtbot.waitSignal(corrections.changed):
        opened.playhead.seek(14.0)
    assert corrections.can_split
    corrections.split_at_playhead()
    assert times(opened)[:2] == [(10.0, 14.0, "proposed"), (14.0, 20.0, "proposed")]
    opened.playhead.seek(50.0)
    corrections.split_at_playhead()
    assert opened.review.undo_name == "Split"
    corrections.undo()
    assert len(times(opened)) == 3
    assert not corrections.can_undo


def test_merging_joins_two_of_a_class(opened: Workspace, corrections: Corrections) -> None:
    choose(opened, "detection", 40.0)
    corrections.begin()
    assert not corrections.can_merge
    choose(opened, "review", 10.0)
    assert corrections.can_merge
    corrections.merge_with_next()
    assert times(opened) == [(10.0, 44.0, "accepted"), (30.0, 35.0, "proposed")]


def test_whether_merging_can_be_done_is_known_before_beginning(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 40.0)
    assert not corrections.can_merge  # it is the last of its class
    choose(opened, "detection", 30.0)
    assert not corrections.can_merge
    choose(opened, "detection", 10.0)
    assert corrections.can_merge
    corrections.remove()
    choose(opened, "detection", 10.0)  # its copy is gone, and would be made again
    assert corrections.can_merge
    corrections.merge_with_next()
    assert times(opened) == [(10.0, 44.0, "accepted"), (30.0, 35.0, "proposed")]


def test_nudges_in_a_row_are_one_step_and_those_of_another_segment_another(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 10.0)
    for _ in range(3):
        corrections.nudge(0.5)
    choose(opened, "review", 30.0)
    corrections.nudge(1.0)
    corrections.undo()
    assert [start for start, *_ in times(opened)] == [11.5, 30.0, 40.0]
    corrections.undo()
    assert [start for start, *_ in times(opened)] == [10.0, 30.0, 40.0]
    assert not corrections.can_undo


def test_a_segment_of_a_new_class_shows_up_in_the_list(
    opened: Workspace, corrections: Corrections
) -> None:
    corrections.draw(3.0, 1.0, "dive")
    assert "dive" in opened.classes.shown
    assert times(opened)[0] == (1.0, 3.0, "accepted")
    corrections.relabel("fall")
    assert {"fall"} == set(opened.classes.shown) - {"jump", "run"}


def test_drawing_needs_no_detections(workspace: Workspace) -> None:
    workspace.playhead.set_duration(60.0)
    corrections = Corrections(workspace)
    corrections.draw(1.0, 2.0, "dive")
    assert times(workspace) == [(1.0, 2.0, "accepted")]


def test_undo_and_redo_choose_what_they_change(opened: Workspace, corrections: Corrections) -> None:
    choose(opened, "detection", 10.0)
    corrections.accept()
    corrections.undo()
    assert opened.selection.chosen is not None
    assert opened.selection.chosen.start == 10.0
    corrections.remove()
    assert opened.selection.chosen.start == 30.0
    corrections.undo()
    assert opened.selection.chosen.start == 10.0
    corrections.redo()
    assert len(times(opened)) == 2


def test_undoing_what_was_drawn_leaves_nothing_chosen(
    opened: Workspace, corrections: Corrections
) -> None:
    corrections.draw(1.0, 2.0, "jump")
    corrections.undo()
    assert opened.selection.chosen is None


def test_a_detection_whose_copy_is_gone_gets_another_one(
    opened: Workspace, corrections: Corrections
) -> None:
    choose(opened, "detection", 40.0)
    corrections.remove()
    corrections.draw(50.0, 51.0, "jump")
    choose(opened, "detection", 40.0)
    assert corrections.segment is None
    corrections.accept()
    assert times(opened)[2:] == [(40.0, 44.0, "accepted"), (50.0, 51.0, "accepted")]


def test_a_detection_of_another_layer_is_taken_in(
    opened: Workspace, corrections: Corrections
) -> None:
    corrections.begin()
    other = Detections(("jump",), np.array([[5.0, 7.0]]), np.array([0]), np.array([0.4]))
    opened.layers.put(Layer("other.json", other))
    choose(opened, "detection", 5.0)
    corrections.accept()
    assert times(opened)[0] == (5.0, 7.0, "accepted")
    assert opened.review.segments[0].score == 0.4


def test_the_truth_stays_and_that_is_told(workspace: Workspace, truth: VideoAnnotation) -> None:
    annotate(workspace, [truth])
    corrections = Corrections(workspace)
    choose(workspace, "truth", 10.0)
    assert not corrections.can_edit
    corrections.reject()
    assert not workspace.review.begun
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text == TRUTH_STAYS


def test_the_truth_is_corrected_once_that_is_asked_for(
    workspace: Workspace, truth: VideoAnnotation
) -> None:
    annotate(workspace, [truth])
    corrections = Corrections(workspace)
    assert corrections.can_begin_from_truth
    choose(workspace, "truth", 50.0)
    corrections.begin_from_truth()
    assert workspace.selection.chosen is not None
    assert workspace.selection.chosen.kind == "review"
    choose(workspace, "truth", 31.0)
    corrections.reject()
    assert times(workspace)[1] == (31.0, 35.0, "rejected")


def test_a_model_that_is_still_at_it_is_waited_for(
    opened: Workspace, corrections: Corrections
) -> None:
    layer = opened.layers.active
    assert layer is not None
    opened.layers.put(Layer(layer.name, layer.detections, layer.scores, complete=False))
    choose(opened, "detection", 10.0)
    assert not corrections.can_edit
    corrections.accept()
    assert not opened.review.begun
    assert opened.notices.latest is not None
    assert "isn't done yet" in opened.notices.latest.text


def test_commands_without_a_segment_do_nothing(opened: Workspace, corrections: Corrections) -> None:
    corrections.accept()
    corrections.remove()
    corrections.nudge(1)
    corrections.undo()
    corrections.redo()
    assert not opened.review.begun


def test_ending_forgets_review_and_selection(opened: Workspace, corrections: Corrections) -> None:
    choose(opened, "detection", 10.0)
    corrections.accept()
    corrections.end()
    assert opened.selection.chosen is None
    assert corrections.can_begin


def test_saving_nothing_is_refused(corrections: Corrections, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing has been corrected"):
        corrections.saving(tmp_path / "a.json")
