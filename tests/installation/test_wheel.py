"""A wheel installed alone: the runtime's commands work where neither torch nor Qt is.

`nox -s package` builds the wheel, installs it into a fresh environment, and names that
environment's interpreter in LPAT_CLEAN_PYTHON.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from lpat.features.extractors import default_spec

PYTHON = Path(os.environ["LPAT_CLEAN_PYTHON"])


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)


def command(name: str) -> Path:
    return PYTHON.parent / name


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Two seconds of noise that moves."""
    path = tmp_path / "video.mp4"
    wide = np.random.default_rng(0).integers(0, 255, (48, 200, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        for n in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(wide[:, n : n + 64].copy())))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("package", ["torch", "onnx", "PySide6", "pyqtgraph", "pytest"])
def test_the_environment_lacks(package: str) -> None:
    assert "ModuleNotFoundError" in run(PYTHON, "-c", f"import {package}").stderr


def test_all_three_packages_are_there_and_typed() -> None:
    code = (
        "import importlib.util as u, pathlib\n"
        "for name in ('lpat', 'lpat_train', 'lpat_viewer'):\n"
        "    folder = pathlib.Path(u.find_spec(name).origin).parent\n"
        "    assert (folder / 'py.typed').is_file(), name\n"
        "    assert 'site-packages' in folder.parts\n"
        "import lpat._core\n"
        "assert pathlib.Path(lpat._core.__file__).with_name('_core.pyi').is_file()\n"
    )
    assert run(PYTHON, "-c", code).stderr == ""


def test_the_viewers_guide_is_there_with_its_pictures() -> None:
    code = "import lpat_viewer; print(lpat_viewer.__path__[0])"
    folder = Path(run(PYTHON, "-c", code).stdout.strip()) / "guide"
    for page in ("viewer.md", "tagging.md", "better-results.md"):
        text = (folder / page).read_text(encoding="utf-8")
        for name in re.findall(r"!\[[^]]*\]\((.*?)\)", text):
            assert (folder / name).is_file(), name


def test_what_only_cpp_needs_is_left_out() -> None:
    files = [path.name for path in PYTHON.parent.parent.rglob("*lpat*")]
    assert "lpat" in files
    assert not {"liblpat_core.a", "lpat-config.cmake"} & set(files)


@pytest.mark.parametrize("name", ["lpat-detect", "lpat-eval", "lpat-extract", "lpat-import"])
def test_a_runtime_command_answers(name: str) -> None:
    done = run(command(name), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {name}")


@pytest.mark.parametrize("name", ["lpat-train", "lpat-export", "lpat-demo"])
def test_a_training_command_says_what_it_needs(name: str) -> None:
    done = run(command(name))
    assert done.returncode == 1
    assert "pip install 'torch" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_name_leads_to_all_commands_and_tells_what_is_missing() -> None:
    found = json.loads(run(command("lpat"), "doctor", "--json").stdout)
    assert found["works"]
    assert "torch" in found["extras"]["train"]["missing"]
    done = run(command("lpat"), "train")
    assert done.returncode == 1
    assert done.stderr.startswith("lpat train: error: this command needs torch")


def test_backbones_are_inspected_and_checked_without_pytorch(
    tmp_path: Path, make_backbone: Callable[..., Path]
) -> None:
    path = make_backbone(tmp_path / "rgb.onnx", name="eye")
    for word in ("inspect", "check"):
        done = run(command("lpat-backbone"), word, path)
        assert done.returncode == 0, done.stderr
        assert "eye (rgb" in done.stdout
    done = run(command("lpat-backbone"), "convert", path, tmp_path / "other.onnx")
    assert done.returncode == 1
    assert "this command needs onnx: pip install 'torch" in done.stderr


def test_videos_are_extracted_detected_and_evaluated(
    video: Path, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    model = make_model(tmp_path / "model.onnx", default_spec())
    features, out = tmp_path / "features", tmp_path / "out"
    extracted = run(command("lpat-extract"), video, "--output", features, "--no-cache")
    assert extracted.returncode == 0, extracted.stderr
    for source in (video, features):
        done = run(command("lpat-detect"), model, source, "--output", out, "--no-cache")
        assert done.returncode == 0, done.stderr
    annotations = tmp_path / "annotations.json"
    annotation = {"label": "class_0", "segment": [0.0, 1.0]}
    annotations.write_text(
        json.dumps({"database": {"video": {"annotations": [annotation]}}}), encoding="utf-8"
    )
    page = tmp_path / "page.html"
    judged = run(command("lpat-eval"), annotations, out / "detections.json", "--report", page)
    assert judged.returncode == 0, judged.stderr
    assert "class_0" in judged.stdout
    assert "<style>" in page.read_text(encoding="utf-8")


def test_the_viewer_says_in_a_line_what_it_lacks() -> None:
    shown = run(command("lpat-view"))
    assert shown.returncode == 1
    assert shown.stderr.startswith(
        "lpat-view: error: there is no PySide6: install the viewer's packages, "
        "pip install 'PySide6-Essentials"
    )
    assert run(command("lpat-view"), "--help").returncode == 0
