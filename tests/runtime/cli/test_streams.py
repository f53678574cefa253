"""Commands whose output can't be written: their work is done, and the exit code tells of it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lpat.features.files import write_features
from lpat.formats.detections import read_detections
from lpat.types import Features, FeatureSpec

COMMANDS = [
    "lpat.cli.detect", "lpat.cli.evaluate", "lpat.cli.extract", "lpat.cli.import_features",
    "lpat_train.cli.backbone", "lpat_train.cli.demo", "lpat_train.cli.export",
    "lpat_train.cli.train", "lpat_viewer.cli",
]  # fmt: skip

REDIRECTIONS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>&1",
    "nobody reads": "> >(exec true) 2>&1",
}

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def run(module: str, *arguments: object, redirection: str, folder: Path) -> int:
    """The exit code of a command, whose streams are redirected as a shell does it."""
    line = shlex.join([sys.executable, "-m", module, *map(str, arguments)])
    # What it says where it still can is nobody's; a traceback would be exit code 1.
    done = subprocess.run(
        ["bash", "-c", f"{line} {redirection}"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        env={**os.environ, "LPAT_CACHE": str(folder / "cache")},
    )  # fmt: skip
    return done.returncode


@pytest.fixture
def batch(tmp_path: Path, make_model: Callable[..., Path]) -> tuple[Path, Path]:
    """A model, and a folder in which every second file of features is broken."""
    spec = FeatureSpec("precomputed", 1, {}, 6)
    folder = tmp_path / "f"
    for number in range(3):
        values = np.random.default_rng(number).normal(size=(20, 6)).astype(np.float32)
        write_features(folder / f"good_{number}.safetensors", Features(values, spec, 12.8))
        (folder / f"bad_{number}.safetensors").write_bytes(b"nothing")
    return make_model(tmp_path / "model.onnx", spec), folder


@pytest.mark.parametrize("redirection", REDIRECTIONS.values(), ids=REDIRECTIONS)
def test_a_batch_goes_on_past_bad_files_that_it_can_tell_nobody_of(
    redirection: str, batch: tuple[Path, Path], tmp_path: Path
) -> None:
    shown = "json" if "full" in redirection else "auto"
    code = run(
        "lpat.cli.detect", *batch, "--output", "out", "--progress", shown,
        redirection=redirection, folder=tmp_path,
    )  # fmt: skip
    assert code == 3
    assert list(read_detections(tmp_path / "out/detections.json")) == ["good_0", "good_1", "good_2"]
    record = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    assert record["complete"]
    assert record["counts"]["failed"] == 3


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">/dev/full"])
def test_evaluation_and_extraction_end_as_their_work_did(
    redirection: str, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"database": {"v": {"annotations": [{"label": "a", "segment": [0, 1]}]}}})
    )
    (tmp_path / "d.json").write_text(
        json.dumps({"results": {"v": [{"label": "a", "score": 1, "segment": [0, 1]}]}})
    )
    evaluated = run(
        "lpat.cli.evaluate", "a.json", "d.json", "--json", "e.json",
        redirection=redirection, folder=tmp_path,
    )  # fmt: skip
    assert evaluated == 0
    assert json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    extracted = run(
        "lpat.cli.extract", write_video(pts=range(20)), "--output", "out",
        redirection=redirection, folder=tmp_path,
    )  # fmt: skip
    assert extracted == 0
    assert (tmp_path / "out/video.safetensors").is_file()


@pytest.mark.parametrize("module", COMMANDS)
def test_every_command_runs_without_streams(module: str, tmp_path: Path) -> None:
    if module.startswith("lpat_train"):
        pytest.importorskip("torch")
    closed, full = REDIRECTIONS["all closed"], REDIRECTIONS["both full"]
    assert run(module, "--help", redirection=closed, folder=tmp_path) == 0
    assert run(module, "--help", redirection=full, folder=tmp_path) == 0
    assert run(module, "--nonsense", redirection=full, folder=tmp_path) == 1


def test_what_is_lost_is_told_where_it_can_be(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lpat.cli.detect", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0
    message = "lpat-detect: standard output can't be written (No space left on device)\n"
    assert done.stderr == message


def test_files_never_take_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    # Descriptor 2 is the lowest that is free, and libraries print to it.
    code = (
        "import os, sys; from lpat.cli.streams import make_streams_safe; make_streams_safe();"
        "file = open('file', 'w'); os.write(2, b'printed'); sys.exit(file.fileno() <= 2)"
    )
    line = shlex.join([sys.executable, "-c", code])
    done = subprocess.run(["bash", "-c", f"{line} >&- 2>&-"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "file").read_bytes() == b""
