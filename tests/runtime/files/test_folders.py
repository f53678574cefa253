"""Temporary files end with their process, however that ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lpat.files.folders import cache_folder, data_folder

MAKE = """
import sys
from lpat.files.folders import temporary_folder
folder = temporary_folder()
(folder / "file").touch()
print(folder, flush=True)
sys.stdin.read()
"""


def start(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that waits, and the folder that it made."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("")
    assert process.returncode == 0


def test_the_folder_goes_when_the_program_ends(tmp_path: Path) -> None:
    process, folder = start(tmp_path)
    assert (folder / "file").exists()
    finish(process)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks that end with the process")
def test_the_folder_of_a_killed_process_goes_with_the_next_one_and_no_other(tmp_path: Path) -> None:
    (killed, left), (living, used) = start(tmp_path), start(tmp_path)
    killed.kill()
    killed.communicate()
    for folder in (left, used):
        os.utime(folder, (1000, 1000))  # long ago
    next_one, own = start(tmp_path)
    assert not left.exists()
    assert (used / "file").exists()
    assert (own / "file").exists()
    finish(next_one)
    finish(living)


@pytest.mark.skipif(sys.platform != "linux", reason="tells folders of Linux")
def test_the_folders_of_the_user_are_where_the_system_has_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("LPAT_CACHE", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "lpat"
    assert data_folder() == tmp_path / ".local" / "share" / "lpat"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert cache_folder() == tmp_path / "caches" / "lpat"
    assert data_folder() == tmp_path / "data" / "lpat"
    monkeypatch.setenv("LPAT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
