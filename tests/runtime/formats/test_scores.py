"""Score files: what is written is what any reader of safetensors finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

from lpat.errors import FeatureError
from lpat.formats.scores import KEY, read_scores, write_scores
from lpat.types import Scores


@pytest.fixture
def scores() -> Scores:
    random = np.random.default_rng(0)
    return Scores(
        ("jump", "ジャンプ"),
        random.normal(size=(5, 2)).astype(np.float32),
        random.normal(size=5).astype(np.float32),
        np.array([0.5, 0.3, 0.2], np.float32),
        np.linspace(0, 1.6, 6),
    )


def test_scores_come_back_as_they_were(tmp_path: Path, scores: Scores) -> None:
    write_scores(tmp_path / "a.safetensors", scores, "abc")
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        header = json.loads(file.metadata()[KEY])
        read = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert (header["kind"], tuple(header["classes"])) == ("scores", scores.classes)
    assert header["model_sha256"] == "abc"
    assert set(read) == {"times", "scores", "background", "probabilities"}
    for name, values in read.items():
        expected = scores.edges if name == "times" else getattr(scores, name)
        np.testing.assert_array_equal(values, expected)
        assert values.dtype == expected.dtype


def test_scores_are_read_back(tmp_path: Path, scores: Scores) -> None:
    write_scores(tmp_path / "a.safetensors", scores, "abc")
    read = read_scores(tmp_path / "a.safetensors")
    assert read.classes == scores.classes
    for name in ("edges", "scores", "background", "probabilities"):
        np.testing.assert_array_equal(getattr(read, name), getattr(scores, name))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no scores", r"expected scores of lpat-detect --scores"),
     (save({"a": np.zeros(1)}), r"expected scores of lpat-detect --scores"),
     (save({"a": np.zeros(1)}, {KEY: "[]"}), r"expected scores of lpat-detect --scores"),
     (save({"a": np.zeros(1)}, {KEY: '{"schema": 1, "kind": "x"}'}), r"expected scores, not 'x'"),
     (None, r"no such file")],
)  # fmt: skip
def test_what_is_no_file_of_scores_is_named(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FeatureError, match=rf"a\.safetensors: {message}"):
        read_scores(path)
