"""lpat doctor: what it finds here, and what it says of what is broken or missing."""

import base64
import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from lpat.cli import doctor
from lpat.features.cache import FeatureCache
from lpat.types import Features, FeatureSpec

PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder; and other processes aren't asked, but where a test says so."""
    monkeypatch.setenv("LPAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor, "_asked", lambda _code, name: {name: "asked"})
    return tmp_path / "cache"


def examined() -> dict[str, Any]:
    result = CliRunner().invoke(doctor.command, ["--json"], standalone_mode=False)
    found = json.loads(result.output)
    assert result.return_value == (0 if found["works"] else 1)
    return found


def test_all_works_here(own_cache: Path) -> None:
    features = Features(np.zeros((4, 2), np.float32), FeatureSpec("motion", 1, {}, 2), 1.0)
    FeatureCache(own_cache).put(own_cache / "one.safetensors", features)
    found = examined()
    assert found["works"]
    assert found["device"]["provider"] in found["device"]["built_in"]
    assert found["core"]["PyAV"]["libraries"]["libavcodec"]
    size = (own_cache / "one.safetensors").stat().st_size
    assert found["cache"] == {"folder": str(own_cache), "bytes": size, "limit": 20 * 10**9}
    text = "\n".join(doctor.lines_of(found))
    assert "FAILS" not in text
    assert text.endswith("all that detection needs works")


def test_the_tiny_network_is_a_product(tmp_path: Path) -> None:
    encoded = base64.b64encode(doctor._NETWORK)  # pyright: ignore[reportPrivateUsage]
    model = onnx.load_from_string(base64.b64decode(encoded))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["MatMul"]


def test_a_part_that_is_broken_is_named_and_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    found = examined()
    assert not found["works"]
    assert "cv2" in found["core"]["OpenCV"]["problem"]
    lines = doctor.lines_of(found)
    assert any(
        line.startswith("  OpenCV               FAILS: ModuleNotFoundError") for line in lines
    )
    assert lines[-1] == "lpat can't work here"


def test_what_is_missing_comes_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = importlib.util.find_spec
    hidden = {"torch", "h5py", "PySide6"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in hidden else find(name)
    )
    monkeypatch.setenv("DISPLAY", ":0")
    found = examined()
    assert found["works"]
    assert found["extras"]["train"]["missing"] == ["torch"]
    assert found["training"] == {"device": "nothing: PyTorch isn't installed"}
    assert found["display"] == {"by": "nothing: Qt isn't installed"}
    lines = [line.strip() for line in doctor.lines_of(found)]
    assert (
        "hdf5                 missing, for importing .h5 and .hdf5: pip install '.[hdf5]'" in lines
    )
    assert "Type the lines for what is missing in the folder of lpat's sources." in lines


def test_the_extras_are_those_of_the_project() -> None:
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    packages = {
        name: {requirement.partition(">")[0] for requirement in extras[name]}
        for name in extras
        if name not in ("all", "dev", "docs")
    }
    assert packages == {name: set(packages) for name, (_, packages) in doctor.EXTRAS.items()}


def test_a_cache_limit_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LPAT_CACHE_LIMIT", "much")
    found = examined()
    assert found["works"]
    assert "expected a size such as '20 GB', not 'much'" in found["cache"]["problem"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux runs without a display")
def test_a_display_that_is_gone_is_told_by_the_process_that_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    for name in doctor.DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    assert "none of DISPLAY" in doctor._display()["by"]  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("DISPLAY", ":4321")
    told = doctor._display()["problem"]  # pyright: ignore[reportPrivateUsage]
    assert ":4321" in told or "xcb" in told
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert doctor._display() == {"by": "offscreen"}  # pyright: ignore[reportPrivateUsage]
