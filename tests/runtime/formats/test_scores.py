"""Score files: what is written comes back, and what isn't one is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

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
    read, model = read_scores(tmp_path / "a.safetensors")
    assert (read.classes, model) == (scores.classes, "abc")
    for name in ("scores", "background", "probabilities", "edges"):
        np.testing.assert_array_equal(getattr(read, name), getattr(scores, name))
        assert getattr(read, name).dtype == getattr(scores, name).dtype


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"none\.safetensors: no such file"):
        read_scores(tmp_path / "none.safetensors")


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"not at all")
    with pytest.raises(FeatureError, match="expected a file of scores, but"):
        read_scores(tmp_path / "a.safetensors")


def test_a_file_of_others_is_refused(tmp_path: Path) -> None:
    save_file({"features": np.zeros((2, 3))}, str(tmp_path / "a.safetensors"))
    with pytest.raises(FeatureError, match="has no 'lpat' metadata"):
        read_scores(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ('{"kind": "features"}', "another kind"),
        ('{"kind": "scores", "schema": 9}', "schema is 9"),
        ('{"kind": "scores", "schema": 1, "classes": 3}', "classes"),
        ('{"kind": "scores", "schema": 1, "classes": []}', "model"),
        ("[", "Expecting"),
    ],
)
def test_a_header_that_says_something_else_is_refused(
    tmp_path: Path, header: str, reason: str
) -> None:
    save_file({"times": np.zeros(2)}, str(tmp_path / "a.safetensors"), metadata={KEY: header})
    with pytest.raises(FeatureError, match=reason):
        read_scores(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("background", np.zeros(4, np.float32), "background must have shape"),
        ("background", np.zeros(5), "expected the arrays"),
        ("background", np.full(5, np.nan, np.float32), "finite background"),
        ("times", np.array([0.0, 1, 2, 3, 2, 5]), "times that never fall"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    tmp_path: Path, scores: Scores, name: str, value: np.ndarray, reason: str
) -> None:
    from safetensors import safe_open

    path = tmp_path / "a.safetensors"
    write_scores(path, scores, "abc")
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file(load_file(path) | {name: value}, str(path), metadata=metadata)
    with pytest.raises(FeatureError, match=reason):
        read_scores(path)
