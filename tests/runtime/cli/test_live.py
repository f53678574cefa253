"""lpat-detect --live as a user meets it: a line for each detection, at once."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.waiting import PATIENCE

from lpat.cli.live import detect_live
from lpat.errors import LpatError
from lpat.features.extractors import default_spec
from lpat.formats.detections import read_detections, rows_of
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import Detections
from lpat.video import cameras
from lpat.video.cameras import DeviceInput

WriteVideo = Callable[..., Path]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def model(tmp_path: Path, make_model: Callable[..., Path]) -> Path:
    spec = default_spec()
    options = PostProcessing("crossing", class_selection="all", proposals="components")
    metadata = ModelMetadata(("jump", "run"), spec, options).to_json()
    return make_model(tmp_path / "model.onnx", spec, metadata=metadata)


@pytest.fixture
def video(write_video: WriteVideo) -> Path:
    """Noise that moves every other second."""
    wide = np.random.default_rng(0).integers(0, 255, (48, 400, 3), dtype=np.uint8)
    places = np.cumsum(np.arange(250) // 25 % 2)
    return write_video(
        "video.ts", pts=range(250), pictures=[wide[:, n : n + 64] for n in places],
        options={"g": "10", "bf": "0"},
    )  # fmt: skip


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command, and ends it if the test didn't see to it."""
    # A shell's background has its children ignore Ctrl-C, which they would inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    processes = []

    def started(*arguments: object, stderr: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "lpat.cli.detect", *map(str, arguments)],
            cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
            env={**os.environ, "LPAT_CACHE": str(tmp_path / "cache")},
        )  # fmt: skip
        processes.append(process)
        return process

    yield started
    signal.signal(signal.SIGINT, before)
    for process in processes:
        process.kill()
        process.communicate()


def lines(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def in_order(rows: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return sorted((row["label"], row["start"], row["end"]) for row in rows)


def test_each_detection_is_a_line_and_all_are_in_the_output(
    start: Start, model: Path, video: Path, tmp_path: Path
) -> None:
    process = start(model, "--live", "--live-timeout", 0, video, "--output", "out")
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    rows = lines(output)
    assert set(rows[0]) == {"video", "label", "score", "start", "end", "emitted", "delay"}
    assert all(0 <= row["delay"] < 2.5 for row in rows)
    assert b"runs stand in for them" in errors
    stored = read_detections(tmp_path / "out" / "detections.json")["video"]
    assert len(stored) == len(rows) > 2
    assert [d.score for d in stored] == sorted((row["score"] for row in rows), reverse=True)
    localizer = Localizer(model, "cpu")
    streamed = Detections.of_all(localizer.classes, localizer.stream(video))
    expected = rows_of(streamed)
    assert in_order(rows) == sorted((row["label"], *row["segment"]) for row in expected)


def test_the_level_is_moved(
    start: Start, make_model: Callable[..., Path], video: Path, tmp_path: Path
) -> None:
    spec, margins = default_spec(), np.array([[1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]])
    table = LevelTable(0.03, (0.001, 0.03, 0.5), margins)
    options = PostProcessing("crossing", class_selection="all")
    metadata = ModelMetadata(("jump", "run"), spec, options, level=table).to_json()
    model = make_model(tmp_path / "leveled.onnx", spec, metadata=metadata)
    lowest = ("--min-score", "jump=0.5")
    arguments = ("--live", "--live-timeout", 0, "--false-alarms", 0.2, "--output", "out", *lowest)
    process = start(model, video, *arguments)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    moved = Localizer(model, "cpu", false_alarms=0.2, min_score={"jump": 0.5})
    own = Localizer(model, "cpu")
    expected, unmoved = (
        sorted((d.label, round(d.start, 3), round(d.end, 3)) for d in localizer.stream(video))
        for localizer in (moved, own)
    )
    assert in_order(lines(output)) == expected != unmoved
    document = json.loads((tmp_path / "out" / "detections.json").read_text(encoding="utf-8"))
    assert document["external_data"]["false_alarms"] == 0.2
    assert document["external_data"]["class_min_scores"] == {"jump": 0.5}


def test_a_line_comes_before_the_stream_has_ended(start: Start, model: Path, video: Path) -> None:
    process = start(model, "--live", "-")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(video.read_bytes())
    process.stdin.flush()
    first = json.loads(process.stdout.readline())  # the pipe is still open
    assert first["video"] == "stdin"
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors


@pytest.mark.parametrize("source", ["file", "pipe"])
def test_ctrl_c_is_the_end_like_any_other(
    start: Start, model: Path, video: Path, tmp_path: Path, source: str
) -> None:
    name = video if source == "file" else "-"
    process = start(model, "--live", "--live-timeout", 600, name, "--output", "out")
    assert process.stdin is not None
    assert process.stdout is not None
    if source == "pipe":
        process.stdin.write(video.read_bytes())
        process.stdin.flush()
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    (stored,) = read_detections(tmp_path / "out" / "detections.json").values()
    assert len(stored) == len(lines(first + output)) >= 1


def test_a_camera_gives_what_a_file_of_its_pictures_does(
    model: Path, video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = DeviceInput("mpegts", "{}", str(video))
    monkeypatch.setattr(cameras, "DEVICE_INPUTS", {sys.platform: camera})
    found = {}
    for source in (str(video), "camera:0"):
        assert detect_live(Localizer(model, "cpu"), [source], None, 0, 1) == 0
        captured = capsys.readouterr()
        assert f": {Path(source).stem}\n" in captured.err
        found[source] = in_order(lines(captured.out.encode()))
    assert len(found["camera:0"]) > 2
    assert found["camera:0"] == found[str(video)]


@pytest.mark.parametrize("options", [[], ["--progress", "none"]])
def test_a_terminal_shows_what_is_on_below_the_lines(
    start: Start, model: Path, video: Path, options: list[str]
) -> None:
    termios = pytest.importorskip("termios", reason="Windows has no terminals of this kind")
    master, terminal = os.openpty()
    termios.tcsetwinsize(master, (24, 100))
    process = start(model, "--live", "--live-timeout", 0, video, *options, stderr=terminal)
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # Linux says so at a terminal's end
        while read := os.read(master, 1 << 16):
            shown += read
    os.close(master)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, shown
    assert lines(output)
    on = re.search(rb"\r[0-9.]+ s: (jump|run) \([0-9.]+ s\)", shown)
    assert (on is None) == bool(options)
    assert shown.endswith(b"s of video\r\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["camera:x", "camera:y"], "--live: expected one video, not 2"),
        (["a.ts", "b.ts"], "--live: expected one video, not 2"),
        (["nowhere.ts"], "nowhere.ts: no such file"),
        (["features.npy"], "expected a video, not the feature file features.npy"),
        (["http://127.0.0.1:9/x"], "http://127.0.0.1:9/x: "),
    ],
)
def test_bad_usage_is_one_clear_line(
    model: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(LpatError, match=message) as caught:
        detect_live(Localizer(model, "cpu"), arguments, tmp_path / "out", 0, 1)
    assert "\n" not in str(caught.value)
