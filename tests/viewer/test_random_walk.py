"""Commands, mouse and files in any order: no exception, no Qt warning, and what must hold holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from pytestqt.qtbot import QtBot
from tests.viewer.random_walk import Walk, write_files

from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

STEPS = 250


@pytest.fixture
def files(
    tmp_path: Path, write_video: Callable[..., Path], make_model: Callable[..., Path]
) -> list[Path]:
    """All kinds of files, two videos among them, of which the first one's features are cached."""
    videos = [write_video("one.mp4", pts=range(75)), write_video("two.mp4", pts=range(250))]
    return write_files(tmp_path, videos, make_model(tmp_path / "model.onnx", default_spec()))


@pytest.fixture
def viewer(qtbot: QtBot, tmp_path: Path, files: list[Path]) -> Iterator[Viewer]:
    """The whole viewer, nothing open."""
    viewer = Viewer(Settings(tmp_path / "settings.ini"), cache=FeatureCache(tmp_path / "cache"))
    viewer.window.show()
    yield viewer
    viewer.close()


@pytest.mark.parametrize("seed", range(3))
def test_nothing_goes_amiss_whatever_is_done(
    viewer: Viewer, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    walk = Walk(viewer, files, tmp_path, Random(seed))
    walk.answer_dialogs(monkeypatch.setattr)
    for _ in range(STEPS):
        walk.step()
