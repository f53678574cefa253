"""The level of the active model: drive the models and look at the box; drive it, look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lpat.features.cache import FeatureCache
from lpat.features.files import write_features
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.detect import detect
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, FeatureSpec, Scores
from lpat_viewer.detection.detector import Detector
from lpat_viewer.detection.level_mover import LevelMover
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.levels import Level
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.level_box import NO_LEVEL, STEPS, LevelBox

OPTIONS = PostProcessing(class_selection="all")
TABLE = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[1.5, 0.5], [0.0, 0.0], [-1.5, -0.5]]))


@pytest.fixture
def leveled(workspace: Workspace, scores: Scores) -> Workspace:
    """A minute's video with a layer whose level can be moved: margins of jump and run are 1 or -1,
    so at 0.1 % no jump is left, and at 50 % all of the minute is one."""
    workspace.playhead.set_duration(60.0)
    workspace.layers.put(layer_of(scores))
    return workspace


@pytest.fixture
def box(leveled: Workspace, qtbot: QtBot) -> LevelBox:
    box = LevelBox(leveled)
    qtbot.addWidget(box)
    box.show()
    return box


def layer_of(scores: Scores, name: str = "model.onnx", table: LevelTable = TABLE) -> Layer:
    level = Level(scores, table, OPTIONS, table.false_alarms)
    return Layer(name, detect(scores, OPTIONS), scores, level=level)


def starts(workspace: Workspace, label: str) -> list[float]:
    layer = workspace.layers.active
    assert layer is not None
    return sorted(detection.start for detection in layer.detections.of(label))


def test_moving_the_level_finds_more_and_less_at_once(box: LevelBox, leveled: Workspace) -> None:
    assert box.rate.value() == 3
    assert (starts(leveled, "jump"), starts(leveled, "run")) == ([10, 40], [30])
    box.rate.setValue(0.1)
    assert (starts(leveled, "jump"), starts(leveled, "run")) == ([], [30])
    box.rate.setValue(50)
    assert (starts(leveled, "jump"), starts(leveled, "run")) == ([0], [30])
    layer = leveled.layers.active
    assert layer is not None
    assert layer.scores is not None
    assert layer.scores.scores[0].tolist() == [0.5, -0.5]  # -1, measured from 1.5 and 0.5 below
    assert layer.level is not None
    assert layer.level.rate == 0.5


def test_the_box_shows_where_the_level_is_and_resets_it(
    box: LevelBox, leveled: Workspace, qtbot: QtBot
) -> None:
    before = leveled.layers.active
    assert before is not None
    assert not box.reset.isEnabled()
    assert "The model's own is 3 %; 0.1 to 50 % are known" in box.rate.toolTip()
    leveled.move_level("model.onnx", 0.12)
    assert box.rate.text() == "12.00 %"
    qtbot.mouseClick(box.reset, Qt.MouseButton.LeftButton)
    assert box.rate.text() == "3.00 %"
    assert not box.reset.isEnabled()
    after = leveled.layers.active
    assert after is not None
    assert after.scores is not None
    assert before.scores is not None
    np.testing.assert_array_equal(after.scores.scores, before.scores.scores)
    np.testing.assert_array_equal(after.detections.segments, before.detections.segments)


def test_a_rate_is_typed(box: LevelBox, leveled: Workspace, qtbot: QtBot) -> None:
    box.rate.selectAll()
    qtbot.keyClicks(box.rate, "0.10")
    assert starts(leveled, "jump") == [10, 40], "half a number moves nothing"
    qtbot.keyClick(box.rate, Qt.Key.Key_Return)
    assert starts(leveled, "jump") == []


def test_a_rate_between_what_the_box_shows_is_kept(box: LevelBox, scores: Scores) -> None:
    table = replace(TABLE, rates=(0.00123, 0.03456, 0.5), false_alarms=0.03456)
    workspace = box._workspace
    workspace.layers.put(layer_of(scores, table=table))
    assert box.rate.text() == "3.46 %"
    assert not box.reset.isEnabled(), "what is shown is rounded, the level isn't"
    box.rate.setValue(0.12)  # as shown, the lowest; a little less than is known
    layer = workspace.layers.active
    assert layer is not None
    assert layer.level is not None
    assert layer.level.rate == 0.00123


def test_the_slider_moves_the_level_and_of_its_moves_the_last_counts(
    box: LevelBox, leveled: Workspace, qtbot: QtBot
) -> None:
    moves: list[float] = []
    leveled.layers.changed.connect(lambda: moves.append(box.rate.value()))
    box.slider.setValue(STEPS // 3)
    box.slider.setValue(STEPS)
    assert starts(leveled, "jump") == [10, 40], "it waits for the moves that come at once"
    qtbot.waitUntil(lambda: starts(leveled, "jump") == [0])
    assert box.rate.text() == "50.00 %"
    box.slider.setValue(0)
    qtbot.waitUntil(lambda: starts(leveled, "jump") == [])
    assert box.rate.text() == "0.10 %"
    assert moves == [0.1 if rate == 0.1 else 50.0 for rate in moves]
    box.rate.setValue(3)
    assert 0 < box.slider.value() < STEPS, "the slider follows the box"


def test_what_is_found_is_counted_while_the_slider_moves(
    judged: Workspace, scores: Scores, qtbot: QtBot
) -> None:
    judged.layers.put(layer_of(scores))
    box = LevelBox(judged)
    qtbot.addWidget(box)
    assert box.found.text() == "3 found: 2 hits, 1 false alarms, 1 misses"
    box.slider.setValue(0)
    qtbot.waitUntil(lambda: box.found.text() == "1 found: 1 hits, 0 false alarms, 2 misses")
    judged.set_annotations(None)
    assert box.found.text() == "1 found"


def test_a_copy_can_be_saved_once_the_level_is_moved(
    box: LevelBox, leveled: Workspace, qtbot: QtBot
) -> None:
    assert not box.save.isEnabled()
    box.rate.setValue(10)
    with qtbot.waitSignal(box.copy_asked):
        qtbot.mouseClick(box.save, Qt.MouseButton.LeftButton)


def test_stale_levels_are_dropped_and_the_last_one_shows(
    leveled: Workspace, scores: Scores, qtbot: QtBot
) -> None:
    jobs = Jobs(leveled)
    mover = LevelMover(leveled, jobs)
    shown: list[float] = []

    def note() -> None:
        shown.extend(layer.level.rate for layer in leveled.layers.all if layer.level is not None)

    leveled.layers.changed.connect(note)
    for rate in (0.4, 0.2, 0.1, 0.001):
        mover.move("model.onnx", rate)
    qtbot.waitUntil(lambda: not mover.running)
    assert shown == [0.4, 0.001]
    assert starts(leveled, "jump") == []
    mover.move("model.onnx", 0.5)
    leveled.layers.put(layer_of(scores))  # the model has said more before the level is found
    qtbot.waitUntil(lambda: not mover.running)
    assert starts(leveled, "jump") == [0]
    mover.move("model.onnx", 0.001)
    leveled.layers.clear()
    qtbot.waitUntil(lambda: not mover.running)
    assert leveled.layers.all == ()
    jobs.stop()


def test_a_layer_without_a_level_has_none_to_move(
    box: LevelBox, leveled: Workspace, scores: Scores
) -> None:
    assert box.isEnabled()
    leveled.layers.put(replace(layer_of(scores, "old.onnx"), level=None))
    assert box.isEnabled()
    leveled.layers.set_active("old.onnx")
    assert not box.isEnabled()
    assert box.rate.text() == "none"
    assert {box.toolTip(), box.rate.toolTip(), box.slider.toolTip()} == {NO_LEVEL}
    leveled.move_level("old.onnx", 0.5)
    assert starts(leveled, "jump") == [10, 40]
    leveled.layers.set_active("model.onnx")
    assert box.rate.text() == "3.00 %"
    leveled.layers.clear()
    assert not box.isEnabled()


def test_results_that_come_later_have_the_level_where_it_was_moved(
    box: LevelBox, leveled: Workspace, scores: Scores
) -> None:
    box.rate.setValue(0.1)
    leveled.layers.put(layer_of(scores))  # as a model gives them while it is at work
    assert starts(leveled, "jump") == []
    leveled.layers.clear()  # another video
    leveled.layers.put(layer_of(scores))
    assert starts(leveled, "jump") == []
    assert box.rate.text() == "0.10 %"
    leveled.layers.put(layer_of(scores, "other.onnx"))
    leveled.layers.set_active("other.onnx")
    assert box.rate.text() == "3.00 %", "the level is the model's own"
    leveled.layers.remove("model.onnx")
    leveled.layers.put(layer_of(scores))
    leveled.layers.set_active("model.onnx")
    assert box.rate.text() == "3.00 %", "a model that was taken away begins anew"


def test_a_moved_level_leaves_no_detection_chosen_that_may_be_another(
    box: LevelBox, leveled: Workspace
) -> None:
    chosen = Chosen("detection", 0, 10.0, 20.0, "jump", "model.onnx")
    leveled.selection.choose(chosen)
    leveled.move_level("model.onnx", 0.03)
    assert leveled.selection.chosen == chosen, "it didn't move"
    box.rate.setValue(50)
    assert leveled.selection.chosen is None
    other = replace(chosen, layer="other.json")
    leveled.selection.choose(other)
    box.rate.setValue(3)
    assert leveled.selection.chosen == other


@pytest.fixture
def detector(workspace: Workspace, tmp_path: Path) -> Iterator[Detector]:
    jobs = Jobs(workspace)
    yield Detector(workspace, jobs, FeatureCache(tmp_path / "cache"), "cpu", workspace)
    jobs.stop()


def test_what_a_moved_level_finds_is_what_the_command_finds(
    workspace: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path,
    make_model: Callable[..., Path],
) -> None:  # fmt: skip
    spec = FeatureSpec("precomputed", 1, {}, 6)
    values = np.random.default_rng(0).normal(size=(80, 6)).astype(np.float32)
    path = tmp_path / "video.safetensors"
    write_features(path, Features(values, spec, 80 * spec.snippet_seconds))
    table = replace(TABLE, usual=0.4, follow=0.5)
    metadata = ModelMetadata(("jump", "run"), spec, PostProcessing(), level=table)
    model = make_model(tmp_path / "model.onnx", spec, metadata=metadata.to_json())
    detector.add_model(model)
    qtbot.waitUntil(lambda: len(detector.models) == 1, timeout=20_000)
    workspace.set_video(path)
    qtbot.waitUntil(lambda: not detector.running and bool(workspace.layers.all), timeout=20_000)
    for rate in (None, 0.2, 0.004, None):
        workspace.move_level("model.onnx", rate)
        expected = Localizer(model, "cpu", false_alarms=rate).detect(path)
        layer = workspace.layers.active
        assert layer is not None
        np.testing.assert_array_equal(layer.detections.segments, expected.segments)
        np.testing.assert_array_equal(layer.detections.scores, expected.scores)
    workspace.move_level("model.onnx", 0.2)
    layer = workspace.layers.active
    assert layer is not None
    assert layer.level is not None
    copy = tmp_path / "copy.onnx"
    detector.save_copy(detector.models[0], copy.with_suffix(""), layer.level)
    qtbot.waitUntil(copy.exists)
    found = Localizer(copy, "cpu").detect(path)
    np.testing.assert_array_equal(found.scores, layer.detections.scores)
    detector.add_model(copy)
    qtbot.waitUntil(lambda: len(workspace.layers.all) == 2)
    own = workspace.layers.all[1]
    assert own.level is not None
    assert (own.level.rate, own.level.own) == (0.2, 0.2)
    np.testing.assert_array_equal(own.detections.scores, found.scores)
