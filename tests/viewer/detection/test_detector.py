"""Models run on the open video: growing layers, the shared cache, cancelling, what goes wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat.features.cache import FeatureCache
from lpat.features.extraction import load_features
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Features, FeatureSpec
from lpat_viewer.detection import extraction_process
from lpat_viewer.detection import job as detecting
from lpat_viewer.detection.detector import Detector
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace

WriteVideo = Callable[..., Path]
MakeModel = Callable[..., Path]
PRECOMPUTED = FeatureSpec("precomputed", 1, {}, 6)


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def detector(workspace: Workspace, cache: FeatureCache) -> Iterator[Detector]:
    """A detector on the processor; no process is left when its jobs are stopped."""
    jobs = Jobs(workspace)
    yield Detector(workspace, jobs, cache, "cpu", workspace)
    jobs.stop()
    assert multiprocessing.active_children() == []


@pytest.fixture
def video(write_video: WriteVideo) -> Path:
    """Six seconds of moving noise."""
    wide = np.random.default_rng(0).integers(0, 255, (48, 400, 3), dtype=np.uint8)
    return write_video(pts=range(150), pictures=[wide[:, 2 * n : 2 * n + 64] for n in range(150)])


@pytest.fixture
def model(tmp_path: Path, make_model: MakeModel) -> Path:
    return make_model(tmp_path / "model.onnx", default_spec())


def load(detector: Detector, qtbot: QtBot, *paths: Path) -> None:
    for path in paths:
        detector.add_model(path)
    qtbot.waitUntil(lambda: len(detector.models) >= len(paths))


def wait_until_done(detector: Detector, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not detector.running)


def layer_of(workspace: Workspace, name: str) -> Layer:
    return next(layer for layer in workspace.layers.all if layer.name == name)


def wait_for_layer(workspace: Workspace, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(workspace.layers.all))


def test_the_layer_is_what_the_command_finds(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    assert not detector.running
    workspace.set_video(video)
    assert detector.running
    wait_until_done(detector, qtbot)
    assert detector.progress is None
    layer = layer_of(workspace, "model.onnx")
    assert layer.complete
    expected = Localizer(model, "cpu").detect(video)
    assert len(expected) > 0
    np.testing.assert_array_equal(layer.detections.segments, expected.segments)
    np.testing.assert_array_equal(layer.detections.labels, expected.labels)
    np.testing.assert_array_equal(layer.detections.scores, expected.scores)


def test_layers_grow_and_progress_rises(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(detecting, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(detecting, "PAUSE_FACTOR", 0.0)
    lengths: list[float] = []
    shares: list[float] = []
    texts: set[str] = set()

    def note_layer() -> None:
        for layer in workspace.layers.all:
            assert layer.scores is not None
            assert not layer.complete or layer.scores.edges[-1] == pytest.approx(6.0)
            lengths.append(layer.scores.edges[-1])

    def note_state() -> None:
        texts.add(detector.state_text)
        if detector.progress is not None:
            shares.append(detector.progress)

    load(detector, qtbot, model)
    workspace.layers.changed.connect(note_layer)
    detector.changed.connect(note_state)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    assert len(lengths) > 2
    assert lengths == sorted(lengths)
    assert shares == sorted(shares)
    assert any("model.onnx: extracting features, 100 % (" in text for text in texts)


def test_the_cache_is_shared_with_the_commands(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path,
    cache: FeatureCache, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    load(detector, qtbot, model)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    assert load_features(Input("video", video), default_spec(), cache).from_cache
    monkeypatch.setattr(detecting, "extract_beside", None)
    first = layer_of(workspace, "model.onnx")
    detector.run()
    wait_until_done(detector, qtbot)
    second = layer_of(workspace, "model.onnx")
    assert second is not first
    np.testing.assert_array_equal(second.detections.segments, first.detections.segments)


def test_features_of_the_commands_are_found(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path,
    cache: FeatureCache, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    load_features(Input("another name", video), default_spec(), cache)
    monkeypatch.setattr(detecting, "extract_beside", None)
    load(detector, qtbot, model)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    assert layer_of(workspace, "model.onnx").complete


def test_models_of_the_same_features_share_one_extraction(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, tmp_path: Path,
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    extracted: list[int] = []
    real = extraction_process.extract_beside

    def count(path: Path, spec: FeatureSpec, *others: Any):
        extracted.append(spec.stride)
        return real(path, spec, *others)

    monkeypatch.setattr(detecting, "extract_beside", count)
    (tmp_path / "other").mkdir()
    coarse = replace(default_spec(), stride=16)
    paths = [
        make_model(tmp_path / "model.onnx", default_spec()),
        make_model(tmp_path / "other" / "model.onnx", default_spec(), classes=3),
        make_model(tmp_path / "coarse.onnx", coarse),
    ]
    for path in paths:
        load(detector, qtbot, path)
        qtbot.waitUntil(lambda path=path: path in {m.path for m in detector.models})
    assert [m.name for m in detector.models] == ["model.onnx", "other/model.onnx", "coarse.onnx"]
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    assert extracted == [8, 16]
    assert {layer.name for layer in workspace.layers.all} == {m.name for m in detector.models}
    assert all(layer.complete for layer in workspace.layers.all)


def test_a_model_that_is_added_runs_on_the_open_video(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path
) -> None:
    workspace.set_video(video)
    assert not detector.running
    load(detector, qtbot, model)
    wait_until_done(detector, qtbot)
    assert layer_of(workspace, "model.onnx").complete


def test_nothing_runs_by_itself_unless_wanted(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path
) -> None:
    detector.auto = False
    workspace.set_video(video)
    load(detector, qtbot, model)
    assert not detector.running
    detector.run()
    assert detector.running
    wait_until_done(detector, qtbot)
    assert layer_of(workspace, "model.onnx").complete


def test_cancelling_ends_the_process_and_keeps_what_has_come(
    workspace: Workspace, detector: Detector, qtbot: QtBot, long_video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    workspace.set_video(long_video)
    wait_for_layer(workspace, qtbot)
    assert len(multiprocessing.active_children()) == 1
    detector.cancel()
    assert (detector.running, detector.progress, detector.state_text) == (False, None, "cancelled")
    qtbot.waitUntil(lambda: not multiprocessing.active_children())
    assert not layer_of(workspace, "model.onnx").complete
    assert workspace.notices.latest is None


def test_another_video_takes_the_place_of_the_one_that_is_read(
    workspace: Workspace, detector: Detector, qtbot: QtBot, long_video: Path, video: Path,
    model: Path,
) -> None:  # fmt: skip
    load(detector, qtbot, model)
    workspace.set_video(long_video)
    wait_for_layer(workspace, qtbot)
    workspace.set_video(video)
    assert workspace.layers.all == ()
    wait_until_done(detector, qtbot)
    scores = layer_of(workspace, "model.onnx").scores
    assert scores is not None
    assert scores.edges[-1] == pytest.approx(6.0)


def test_a_window_that_closes_in_the_middle_leaves_nothing_behind(
    workspace: Workspace, detector: Detector, qtbot: QtBot, long_video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    workspace.set_video(long_video)
    wait_for_layer(workspace, qtbot)
    (process,) = multiprocessing.active_children()
    number = process.pid
    assert number is not None
    detector._jobs.stop()
    assert multiprocessing.active_children() == []
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_process_that_is_killed_is_one_clear_line(
    workspace: Workspace, detector: Detector, qtbot: QtBot, long_video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    workspace.set_video(long_video)
    wait_for_layer(workspace, qtbot)
    (process,) = multiprocessing.active_children()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    wait_until_done(detector, qtbot)
    notice = workspace.notices.latest
    assert notice is not None
    assert notice.kind == "error"
    assert "long.mp4: the process that extracts features was killed (SIGKILL)" in notice.text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("none.onnx", None, "none.onnx: no such file"), ("bad.onnx", b"x", "expected an ONNX model")],
)
def test_a_bad_model_is_one_clear_line(
    workspace: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path,
    name: str, content: bytes | None, message: str,
) -> None:  # fmt: skip
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with qtbot.waitSignal(workspace.notices.changed):
        detector.add_model(tmp_path / name)
        assert detector.state_text == f"{name}: loading"
    assert workspace.notices.latest is not None
    assert message in workspace.notices.latest.text
    assert detector.models == ()
    assert detector.state_text == ""


def test_a_bad_video_is_one_clear_line(
    workspace: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path, model: Path
) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    load(detector, qtbot, model)
    workspace.set_video(tmp_path / "bad.mp4")
    wait_until_done(detector, qtbot)
    assert workspace.notices.latest is not None
    assert "bad.mp4: expected a video" in workspace.notices.latest.text
    assert workspace.layers.all == ()


def test_a_model_of_features_that_no_video_gives_is_named_and_the_others_run(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path,
    tmp_path: Path, make_model: MakeModel,
) -> None:  # fmt: skip
    load(detector, qtbot, make_model(tmp_path / "i3d.onnx", PRECOMPUTED))
    detector.add_model(model)
    qtbot.waitUntil(lambda: len(detector.models) == 2)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    assert [layer.name for layer in workspace.layers.all] == ["model.onnx"]
    notice = workspace.notices.latest
    assert notice is not None
    assert notice.text.startswith("i3d.onnx: precomputed features of 6 dimensions are expected")


def test_a_feature_file_is_scored_in_a_videos_place(
    workspace: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path, make_model: MakeModel
) -> None:
    values = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    write_features(tmp_path / "v.safetensors", Features(values, PRECOMPUTED, 31.5))
    load(detector, qtbot, make_model(tmp_path / "i3d.onnx", PRECOMPUTED))
    workspace.set_video(tmp_path / "v.safetensors")
    wait_until_done(detector, qtbot)
    assert layer_of(workspace, "i3d.onnx").complete
    assert workspace.playhead.duration == pytest.approx(31.5)


def test_features_that_do_not_fit_are_one_clear_line(
    workspace: Workspace, detector: Detector, qtbot: QtBot, tmp_path: Path, model: Path
) -> None:
    values = np.zeros((5, 6), np.float32)
    write_features(tmp_path / "v.safetensors", Features(values, PRECOMPUTED, 3.0))
    load(detector, qtbot, model)
    workspace.set_video(tmp_path / "v.safetensors")
    wait_until_done(detector, qtbot)
    assert workspace.notices.latest is not None
    assert "model.onnx: " in workspace.notices.latest.text
    assert "dimension 6 where" in workspace.notices.latest.text


def test_a_removed_model_takes_its_layers_along(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    detector.add_manual_layer()
    qtbot.waitUntil(lambda: len(workspace.layers.all) == 2)
    detector.remove_model(model)
    assert workspace.layers.all == ()
    assert detector.models == ()


def test_removing_the_last_model_ends_its_run(
    workspace: Workspace, detector: Detector, qtbot: QtBot, long_video: Path, model: Path
) -> None:
    load(detector, qtbot, model)
    workspace.set_video(long_video)
    wait_for_layer(workspace, qtbot)
    detector.remove_model(model)
    assert not detector.running
    assert workspace.layers.all == ()
    qtbot.waitUntil(lambda: not multiprocessing.active_children())


def test_the_manual_threshold_is_a_layer_of_its_own(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, tmp_path: Path,
    make_model: MakeModel,
) -> None:  # fmt: skip
    load(detector, qtbot, make_model(tmp_path / "model.onnx", default_spec()))
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    detector.add_manual_layer()
    qtbot.waitUntil(lambda: len(workspace.layers.all) == 2)
    predicted, manual = workspace.layers.all
    assert manual.name == "model.onnx, manual threshold"
    assert manual.scores is predicted.scores
    assert len(manual.detections) > 0
    assert manual.detections.segments.tolist() != predicted.detections.segments.tolist()


def test_without_a_result_there_is_no_manual_threshold(
    workspace: Workspace, detector: Detector
) -> None:
    detector.add_manual_layer()
    assert workspace.notices.latest is not None
    assert "manual threshold" in workspace.notices.latest.text


def test_real_videos_give_what_the_command_finds(
    workspace: Workspace, detector: Detector, qtbot: QtBot, shared_data: Path, model: Path
) -> None:
    video = shared_data / "clips" / "v_ZNVhz7ctTq0.mp4"
    load(detector, qtbot, model)
    workspace.set_video(video)
    wait_until_done(detector, qtbot)
    layer = layer_of(workspace, "model.onnx")
    expected = Localizer(model, "cpu").detect(video)
    assert layer.complete
    np.testing.assert_array_equal(layer.detections.segments, expected.segments)
    np.testing.assert_array_equal(layer.detections.scores, expected.scores)


def test_the_model_named_first_is_active_whichever_is_ready_first(
    workspace: Workspace, detector: Detector, qtbot: QtBot, video: Path, tmp_path: Path,
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    paths = [make_model(tmp_path / name, default_spec()) for name in ("b.onnx", "a.onnx")]
    second_is_loaded = threading.Event()
    load_really = Localizer.__init__

    def load_late(self: Localizer, path: Path, *others: Any, **options: Any) -> None:
        if path == paths[0]:
            assert second_is_loaded.wait(60)
        load_really(self, path, *others, **options)
        if path == paths[1]:
            second_is_loaded.set()

    monkeypatch.setattr(Localizer, "__init__", load_late)
    workspace.set_video(video)
    for path in (tmp_path / "gone.onnx", *paths):
        detector.add_model(path)
    qtbot.waitUntil(lambda: len(workspace.layers.all) == 2)
    assert [model.name for model in detector.models] == ["b.onnx", "a.onnx"]
    assert workspace.layers.active is not None
    assert workspace.layers.active.name == "b.onnx"
    wait_until_done(detector, qtbot)
