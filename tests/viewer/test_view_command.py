"""lpat-view as a user meets it: one line where there can be no window."""

import os
import subprocess
import sys

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
