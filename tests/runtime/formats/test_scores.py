"""Score files: what is written is what any reader of safetensors finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from lpat.formats.scores import KEY, write_scores
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
