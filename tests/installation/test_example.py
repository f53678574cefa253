"""The C++ example finds what lpat-detect finds, on the same model and features.

`nox -s example` builds it against the installed library and names it in LPAT_EXAMPLE.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lpat.cli.detect import command
from lpat.features.files import PRECOMPUTED
from lpat.formats.detections import read_detections
from lpat.types import FeatureSpec

EXAMPLE = Path(os.environ["LPAT_EXAMPLE"])
SPEC = FeatureSpec(PRECOMPUTED, 1, {}, 12)

Row = tuple[str, float, float, float]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([EXAMPLE, *map(str, words)], capture_output=True, text=True, check=False)


def found_by_example(model: Path, features: Path) -> list[Row]:
    done = run(model, features)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    return [
        (f"class_{label}", float(score), float(start), float(end))
        for label, score, start, end in rows
    ]


def found_by_detect(model: Path, features: Path, folder: Path) -> list[Row]:
    words = [model, features, "--output", folder, "--device", "cpu", "--no-cache"]
    done = CliRunner().invoke(command, list(map(str, words)), standalone_mode=False)
    assert done.exit_code == 0, done.output
    (detections,) = read_detections(folder / "detections.json").values()
    return [
        (detections.classes[label], score, start, end)
        for label, score, (start, end) in zip(
            detections.labels.tolist(),
            detections.scores.tolist(),
            detections.segments.tolist(),
            strict=True,
        )
    ]


@pytest.mark.parametrize("snippets", [1, 2, 17, 400])
def test_the_example_finds_what_detect_finds(
    snippets: int, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    model = make_model(tmp_path / "model.onnx", SPEC, classes=5)
    features = tmp_path / "video.npy"
    values = np.random.default_rng(snippets).normal(size=(snippets, SPEC.dimension))
    np.save(features, values.astype(np.float32))
    expected = found_by_detect(model, features, tmp_path / "detections")
    found = found_by_example(model, features)
    assert len(expected) > 0
    for (label, score, *segment), (expected_label, expected_score, *expected_segment) in zip(
        found, expected, strict=True
    ):
        assert (label, segment) == (expected_label, expected_segment)
        assert score == pytest.approx(expected_score, rel=1e-5)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 12)),
        np.zeros(12, np.float32),
        np.asfortranarray(np.zeros((2, 12), np.float32)),
        np.zeros((0, 12), np.float32),
    ],
    ids=["float64", "one axis", "Fortran order", "empty"],
)
def test_other_arrays_are_refused(
    values: np.ndarray, tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    np.save(tmp_path / "video.npy", values)
    done = run(make_model(tmp_path / "model.onnx", SPEC), tmp_path / "video.npy")
    assert done.returncode == 1
    assert "expected" in done.stderr
    assert done.stdout == ""


def test_broken_files_are_refused(tmp_path: Path, make_model: Callable[..., Path]) -> None:
    model = make_model(tmp_path / "model.onnx", SPEC)
    features = tmp_path / "video.npy"
    np.save(features, np.zeros((20, 12), np.float32))
    whole = features.read_bytes()
    for length in (0, 5, 9, 10, 100, 128, len(whole) - 1):
        features.write_bytes(whole[:length])
        done = run(model, features)
        assert (done.returncode, done.stdout) == (1, ""), length
        assert "expected" in done.stderr
    assert run(model, tmp_path / "absent.npy").returncode == 1
