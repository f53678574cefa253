"""lpat-extract as a user meets it."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lpat.cli import progress as shown_progress
from lpat.cli.extract import command
from lpat.errors import BackboneError, DeviceError, UsageError
from lpat.features import progress as pace
from lpat.features.extractors import default_spec
from lpat.features.files import read_features
from lpat.inputs import Input

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
    written = {path.name.casefold() for path in (tmp_path / "out").glob("*.safetensors")}
    assert len(written) == len(stems) + 1
    again = extract(tmp_path / "*.mp4", "--output", tmp_path / "out")
    assert again.output.startswith(f"{len(stems) + 1} unchanged")


def test_what_broke_off_is_said(write_video: WriteVideo, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(50)]
    video = write_video("v.mkv", pts=range(50), pictures=pictures)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    result = extract(video, "--output", tmp_path / "out")
    assert "partial: v: it ends after" in result.output


@pytest.fixture
def backbones(make_backbone: Callable[..., Path], tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_backbone(tmp_path / "rgb.onnx", "rgb", name="eye"),
        make_backbone(tmp_path / "flow.onnx", "flow", name="ear"),
    )


@pytest.mark.parametrize("given", ["rgb first", "flow first", "a folder"])
def test_backbones_are_run_rgb_first_whatever_the_order(
    write_video: WriteVideo, tmp_path: Path, backbones: tuple[Path, Path], given: str
) -> None:
    rgb, flow = backbones
    paths = {"rgb first": (rgb, flow), "flow first": (flow, rgb), "a folder": (tmp_path,)}[given]
    words = [word for path in paths for word in ("--backbone", path)]
    video = write_video("v.mp4", pts=range(10))
    result = extract(video, *words, "--output", tmp_path / "out")
    assert result.return_value == 0
    assert "eye (rgb, SHA-256 " in result.output
    assert "runs on CPUExecutionProvider" in result.output
    features = read_features(tmp_path / "out" / "v.safetensors")
    assert (features.spec.extractor, features.spec.stride) == ("backbone", 4)
    assert features.values.shape == (3, 12)
    assert (features.spec.parameters["rgb_name"], features.spec.parameters["flow_name"]) == (
        "eye",
        "ear",
    )
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run.json", "v.safetensors"}
    options = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["options"]
    assert options["backbone_paths"] == [str(path) for path in paths]


def test_a_backbone_that_is_not_there_is_named(write_video: WriteVideo, tmp_path: Path) -> None:
    words = (write_video("v.mp4"), "--output", tmp_path / "out", "--backbone", tmp_path / "no.onnx")
    with pytest.raises(BackboneError, match=r"no\.onnx: expected a backbone's file or a folder"):
        extract(*words)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BackboneError, match=r"empty: expected a backbone's ONNX file, or a folder"):
        extract(*words[:3], "--backbone", tmp_path / "empty")
    assert not (tmp_path / "out").exists()


def test_a_device_that_is_not_there_ends_it_at_once(
    write_video: WriteVideo, tmp_path: Path, backbones: tuple[Path, Path]
) -> None:
    words = ("--backbone", backbones[0], "--device", "cuda:77")
    with pytest.raises(DeviceError, match="--device cuda:77: no "):
        extract(write_video("v.mp4"), "--output", tmp_path / "out", *words)
    assert not (tmp_path / "out").exists()


def test_how_far_a_video_is_can_be_read_by_programs(
    write_video: WriteVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "INTERVAL", 1e-9)
    video = write_video("v.mp4", pts=range(100))
    result = extract(video, "--output", tmp_path / "out", "--progress", "json")
    lines = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    events = [line for line in lines if line["event"] == "progress"]
    assert [line["seconds"] for line in events] == pytest.approx([*np.arange(2, 13) * 0.32, 4.0])
    assert {(line["name"], line["duration"]) for line in events} == {("v", 4.0)}
    assert all(line["speed"] >= 0 for line in events)
    assert [line["event"] for line in lines if line not in events] == ["start", "input", "end"]


def test_a_bar_shows_how_far_the_present_video_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    shown: list[str] = []

    class Bar:
        def set_postfix_str(self, text: str, *, refresh: bool = True) -> None:
            shown.append(text)

    bar = shown_progress._Bar(Bar())  # type: ignore[arg-type]
    source = Input("v\n1", Path("v.mp4"))
    for moment, seconds in ((100.0, 8.0), (100.5, 9.0), (104.0, 10.0), (104.5, 11.0)):
        now[0] = moment
        bar.within(source, seconds, 60.4)
    assert shown == ["v\\n1: 10 of 60 s, 0.50x"]
    now[0] = 110.0
    bar.within(source, 14.0, None)
    assert shown[1:] == ["v\\n1: 14 s, 0.60x"]
    for moment, seconds in ((111.0, 1.0), (115.0, 5.0)):  # begun again
        now[0] = moment
        bar.within(source, seconds, None)
    assert shown[2:] == ["v\\n1: 5 s, 1.00x"]
