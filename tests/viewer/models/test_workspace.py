"""What is open, and what follows from it."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.types import Detections, Scores
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace, class_entries


def detections_of(label: str) -> Detections:
    return Detections((label,), np.array([[1.0, 2.0]]), np.array([0]), np.array([0.5]))


def test_a_video_finds_its_truth_and_detections_whichever_is_opened_first(
    workspace: Workspace, truth: VideoAnnotation
) -> None:
    workspace.add_detections(Path("a.json"), {"video": detections_of("jump")})
    workspace.set_video(Path("video.mp4"))
    assert [layer.name for layer in workspace.layers.all] == ["a.json"]
    workspace.set_annotations(Annotations(Path("ann.json"), (truth,)))
    assert workspace.truth is truth
    workspace.add_detections(
        Path("b.json"), {"video": detections_of("run"), "other": Detections(())}
    )
    assert [layer.name for layer in workspace.layers.all] == ["a.json", "b.json"]


def test_files_may_know_the_video_by_its_path_and_in_another_form(
    workspace: Workspace, truth: VideoAnnotation
) -> None:
    names = ["S2/\u00fc.mp4", "S1\\\u00fc", "\u00fc"]
    videos = tuple(replace(truth, name=name) for name in names)
    workspace.set_annotations(Annotations(Path("ann.json"), videos[:2]))
    workspace.set_video(Path("/data/S1/u\u0308.mp4"))
    assert workspace.truth is videos[1]
    assert workspace.add_detections(Path("a.json"), {"data/S1/\u00fc": detections_of("jump")})
    assert not workspace.add_detections(Path("b.json"), {"S2/\u00fc": detections_of("jump")})
    assert [layer.name for layer in workspace.layers.all] == ["a.json"]


def test_files_of_one_name_are_told_apart(workspace: Workspace) -> None:
    workspace.set_video(Path("video.mp4"))
    workspace.add_detections(Path("a/d.json"), {"video": detections_of("jump")})
    workspace.add_detections(Path("b/d.json"), {"video": detections_of("jump")})
    assert len({layer.name for layer in workspace.layers.all}) == 2


def test_another_video_leaves_nothing_of_the_one_before(
    opened: Workspace, truth: VideoAnnotation
) -> None:
    opened.set_annotations(Annotations(Path("ann.json"), (truth,)))
    opened.review.begin([])
    opened.set_video(Path("other.mp4"))
    assert opened.layers.all == ()
    assert opened.truth is None
    assert not opened.review.begun
    assert opened.playhead.duration == 0
    assert opened.classes.labels == ()


def test_verdicts_need_truth_and_follow_the_overlap(
    workspace: Workspace, scores: Scores, truth: VideoAnnotation, opened: Workspace
) -> None:
    assert opened.verdicts is None
    layer = opened.layers.active
    assert layer is not None
    opened.set_annotations(Annotations(Path("ann.json"), (truth,)))
    opened.set_video(Path("video.mp4"))
    opened.layers.put(layer)
    assert opened.verdicts is not None
    assert opened.verdicts.found.tolist() == [True, True, False]
    told: list[int] = []
    opened.verdicts_changed.connect(lambda: told.append(1))
    opened.display.set_tiou(0.85)
    assert told
    assert opened.verdicts.found.tolist() == [True, False, False]


def test_likely_and_detected_and_true_classes_are_found(
    scores: Scores, truth: VideoAnnotation
) -> None:
    layer = Layer("model", detections_of("fall"), scores)
    entries = {entry.label: entry for entry in class_entries((layer,), None)}
    assert {label for label, entry in entries.items() if entry.found} == {"fall", "jump"}
    assert np.isclose(entries["jump"].confidence, 0.6)
    with_truth = {entry.label: entry for entry in class_entries((layer,), truth)}
    assert with_truth["run"].found


def test_of_detections_alone_the_best_score_is_the_confidence() -> None:
    entries = class_entries((Layer("file", detections_of("jump")),), None)
    assert [(e.label, e.confidence, e.found) for e in entries] == [("jump", 0.5, True)]
