"""lpat-extract as a user meets it."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lpat.cli.extract import command
from lpat.errors import UsageError
from lpat.extraction import default_spec
from lpat.feature_files import read_features

WriteVideo = Callable[..., Path]


def extract(*arguments: object) -> Result:
    """The command in this process; it returns its exit code."""
    words = [*map(str, arguments), "--jobs", "1", "--no-cache"]
    return CliRunner().invoke(command, words, standalone_mode=False, catch_exceptions=False)


def test_features_are_stored_with_their_spec(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video("v.mp4", pts=range(40))
    result = extract(video, "--output", tmp_path / "out", "--stride", "16")
    assert result.return_value == 0
    features = read_features(tmp_path / "out" / "v.safetensors")
    assert features.spec == default_spec(stride=16)
    assert len(features.values) == 3


def test_a_rerun_leaves_what_is_newer_than_its_video(
    write_video: WriteVideo, tmp_path: Path
) -> None:
    video, out = write_video("v.mp4"), tmp_path / "out"
    extract(video, "--output", out)
    before = (out / "v.safetensors").stat().st_mtime_ns
    assert "1 unchanged" in extract(video, "--output", out).output
    assert (out / "v.safetensors").stat().st_mtime_ns == before
    assert "1 done" in extract(video, "--output", out, "--overwrite").output
    assert "1 done" in extract(video, "--output", out, "--stride", "16").output


def test_bad_videos_are_named_and_passed_over(write_video: WriteVideo, tmp_path: Path) -> None:
    result = extract(write_video("v.mp4"), tmp_path / "bad.mp4", "--output", tmp_path / "out")
    assert result.return_value == 3
    assert "failed: bad: " in result.output
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"run.json", "v.safetensors"}
    document = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert document["command"] == "lpat-extract"
    assert [entry["status"] for entry in document["inputs"]] == ["done", "failed"]


def test_nothing_done_is_exit_code_1(tmp_path: Path) -> None:
    result = extract(tmp_path / "bad.mp4", "--output", tmp_path / "out")
    assert result.return_value == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a folder with videos"):
        extract(tmp_path, "--output", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_feature_files_alone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "v.npy").touch()
    with pytest.raises(UsageError, match="these are feature files already"):
        extract(tmp_path / "v.npy", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows all of these names")
def test_strange_names_are_no_trouble(write_video: WriteVideo, tmp_path: Path) -> None:
    video = write_video("v.mp4")
    stems = [b"two words", b"-dash", b"line\nbreak", b"\xff", "🎬".encode(), b"x" * 251, b"[1]*",
             b"@list", b"a:b", b"CON", b"V"]  # fmt: skip
    for stem in stems:
        video.with_name(f"{os.fsdecode(stem)}.mp4").hardlink_to(video)
    result = extract(tmp_path, "--output", tmp_path / "out")
    assert result.return_value == 0
    written = {path.name.casefold() for path in (tmp_path / "out").iterdir()}
    assert len(written) == len(stems) + 1
    assert (
        f"0 done (0 s of video), {len(stems) + 1} unchanged"
        in extract(tmp_path / "*.mp4", "--output", tmp_path / "out").output
    )


def test_what_broke_off_is_said(write_video: WriteVideo, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(50)]
    video = write_video("v.mkv", pts=range(50), pictures=pictures)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    result = extract(video, "--output", tmp_path / "out")
    assert "note: v: it ends after" in result.output
