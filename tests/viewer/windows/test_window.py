"""The viewer end to end, in a real window on a virtual display."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.waiting import PATIENCE

from lpat.features.extractors import default_spec
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing

TOUR = Path(__file__).with_name("window_tour.py")


@pytest.fixture
def display() -> Iterator[str]:
    """The name of a virtual display, or a skip."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("no virtual display: Xvfb is not installed (package xvfb)")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", "1400x960x24", "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as lines:
            yield f":{lines.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_a_user_opens_detects_steps_corrects_and_saves(
    display: str,
    tmp_path: Path,
    write_video: Callable[..., Path],
    make_model: Callable[..., Path],
) -> None:
    random = np.random.default_rng(0)
    wide = random.integers(0, 255, (120, 900, 3), dtype=np.uint8)
    moves = [n if n // 50 % 2 else n // 50 * 50 for n in range(250)]
    video = write_video(pts=range(250), pictures=[wide[:, n * 2 : n * 2 + 160] for n in moves])
    annotations = tmp_path / "annotations.json"
    rows = [{"label": f"class_{n % 2}", "segment": [2 * n, 2 * n + 2]} for n in range(4)]
    annotations.write_text(json.dumps({"database": {"video": {"annotations": rows}}}))
    options = PostProcessing(class_selection="all", boundary="crossing")
    margins = np.array([[1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]])
    level = LevelTable(0.03, (0.001, 0.03, 0.5), margins)
    metadata = ModelMetadata(("class_0", "class_1"), default_spec(), options, level=level)
    model = make_model(tmp_path / "model.onnx", default_spec(), metadata=metadata.to_json())
    result = subprocess.run(
        [sys.executable, str(TOUR), str(video), str(annotations), str(model), str(tmp_path)],
        env={**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": display},
        capture_output=True, text=True, timeout=4 * PATIENCE, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    pictures = sorted(path.name for path in tmp_path.glob("[1-7]-*.png"))
    assert len(pictures) == 7
