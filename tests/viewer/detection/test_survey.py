"""A model that looks at all videos of the list, so that the most uncertain come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat.features.files import write_features
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.types import Features, FeatureSpec
from lpat_viewer.detection.detector import Detector
from lpat_viewer.detection.survey import Survey
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.uncertainty import uncertainty
from lpat_viewer.models.workspace import Workspace

PRECOMPUTED = FeatureSpec("precomputed", 1, {}, 6)
NAMES = ("a", "b", "broken", "c")


@pytest.fixture
def jobs(workspace: Workspace) -> Iterator[Jobs]:
    jobs = Jobs(workspace)
    yield jobs
    jobs.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Features of three videos, and a file that holds none."""
    random = np.random.default_rng(0)
    for name in NAMES:
        values = random.normal(scale=3, size=(20, 6)).astype(np.float32)
        write_features(tmp_path / f"{name}.safetensors", Features(values, PRECOMPUTED, 10.0))
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    return tmp_path


def test_the_list_goes_by_what_the_model_says_once_it_is_asked_to(
    qtbot: QtBot, workspace: Workspace, jobs: Jobs, folder: Path, make_model: Callable[..., Path]
) -> None:
    detector = Detector(workspace, jobs, None, "cpu", workspace)
    detector.auto = False
    survey = Survey(workspace, detector, jobs, None, workspace)
    playlist = workspace.playlist
    playlist.set_inputs([Input(name, folder / f"{name}.safetensors") for name in NAMES])
    model = make_model(folder / "model.onnx", PRECOMPUTED)
    detector.add_model(model)
    qtbot.waitUntil(lambda: len(detector.models) == 1)
    assert not survey.running
    playlist.set_to_review(True)
    qtbot.waitUntil(lambda: not survey.running)
    localizer = Localizer(model, "cpu")
    said = {
        name: localizer.scores(folder / f"{name}.safetensors").probabilities[:-1]
        for name in NAMES
        if name != "broken"
    }
    expected = sorted(said, key=lambda n: np.abs(said[n] - 0.5).min())
    assert [source.name for source in playlist.listed] == [*expected, "broken"]
    best = playlist.probabilities[expected[0]]
    assert uncertainty(best) == pytest.approx(np.abs(said[expected[0]] - 0.5).min(), abs=1e-6)
    assert workspace.notices.latest is not None
    assert "broken.safetensors" in workspace.notices.latest.text
    playlist.set_to_review(False)
    assert [source.name for source in playlist.listed] == list(NAMES)
