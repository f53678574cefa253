"""lpat-view as a user meets it: one line where there can be no window."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux runs without a display")
def test_without_a_display_there_is_one_line() -> None:
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in displays}
    shown = subprocess.run(
        [sys.executable, "-m", "lpat_viewer.cli"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1
    assert shown.stderr == (
        "lpat-view: error: there is no display: "
        "none of DISPLAY, WAYLAND_DISPLAY, QT_QPA_PLATFORM is set\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tag", "nowhere"], "nowhere: expected a folder of videos, but there is none"),
        (["--tag", ".", "a.mp4"], "--tag: expected nothing beside it but --annotations and one"),
        (["--tag", ".", "--annotations", "x.txt"], "expected a file for tags that ends in .json"),
    ],
)
def test_a_folder_that_cannot_be_tagged_is_one_line(
    tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "a.mp4").touch()
    shown = subprocess.run(
        [sys.executable, "-m", "lpat_viewer.cli", *words],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1
    assert message in shown.stderr
    assert shown.stderr.count("\n") == 1
