"""lpat-view as a user meets it: one line where there can be no window."""

import os
import subprocess
import sys
from pathlib import Path

import PySide6
import pytest

from lpat_viewer.windows.platform_check import (
    debian_package,
    missing_libraries,
    reason_in,
    reason_of,
)

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux runs without a display")
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
QT = Path(PySide6.__file__).parent / "Qt"


def view(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in DISPLAYS}
    return subprocess.run(
        [sys.executable, "-m", "lpat_viewer.cli"],
        env={**environment, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@LINUX
@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "there is no display: none of DISPLAY, WAYLAND_DISPLAY, QT_QPA_PLATFORM is set"),
        ({"DISPLAY": ":4321"}, "DISPLAY=:4321: leads to no display; name one that is there "),
        ({"WAYLAND_DISPLAY": "gone-0"}, "WAYLAND_DISPLAY=gone-0: leads to no display; "),
        (
            {"WAYLAND_DISPLAY": "gone-0", "DISPLAY": ":4321"},
            "DISPLAY=:4321, WAYLAND_DISPLAY=gone-0: leads to no display; ",
        ),
        (
            {"QT_QPA_PLATFORM": "vapour"},
            "QT_QPA_PLATFORM=vapour: Qt has no platform 'vapour'; it has ",
        ),
    ],
)
def test_without_a_display_there_is_one_line(variables: dict[str, str], line: str) -> None:
    shown = view(**variables)
    assert shown.returncode == 1
    assert shown.stderr.startswith(f"lpat-view: error: {line}")
    assert len(shown.stderr.splitlines()) == 1


@pytest.fixture
def lame(tmp_path: Path) -> Path:
    """Qt's plugin for X, which needs two libraries that aren't there."""
    content = (QT / "plugins" / "platforms" / "libqxcb.so").read_bytes()
    for name in (b"libxcb-cursor.so.0", b"libxcb-icccm.so.4"):
        assert content.count(name) == 1
        content = content.replace(name, name.replace(b"xcb-", b"nix-"))
    plugin = tmp_path / "libqxcb.so"
    plugin.write_bytes(content)
    return plugin


@LINUX
def test_libraries_that_the_system_lacks_are_named_with_their_packages(lame: Path) -> None:
    said = (
        f'qt.core.plugin.loader: QLibraryPrivate::loadPlugin failed on "{lame}" : "Cannot load '
        f"library {lame}: libnix-cursor.so.0: cannot open shared object file: No such file or "
        'directory"\nqt.qpa.plugin: Could not load the Qt platform plugin "xcb" in "" even though '
        "it was found.\n"
    )
    assert reason_in(said) == (
        "Qt needs libraries of the system that it lacks: libnix-cursor.so.0, libnix-icccm.so.4 "
        "(on Debian and Ubuntu: apt install libnix-cursor0 libnix-icccm4)"
    )


@LINUX
def test_all_missing_libraries_are_found_though_the_loader_names_one(lame: Path) -> None:
    assert set(missing_libraries([lame])) == {"libnix-cursor.so.0", "libnix-icccm.so.4"}
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file", path=str(lame))
    assert "apt install libegl1 libnix-cursor0 libnix-icccm4)" in reason_of(error)
    assert reason_of(ImportError("odd")) == "Qt can't be loaded (odd)"


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libEGL.so.1", "libegl1"),
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
        ("libX11-xcb.so.1", "libx11-xcb1"),
        ("libdbus-1.so.3", "libdbus-1-3"),
        ("libglib-2.0.so.0", "libglib2.0-0"),
    ],
)
def test_a_library_is_in_a_package_by_debians_rule(library: str, package: str) -> None:
    assert debian_package(library) == package


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
