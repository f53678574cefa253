"""Windows of long videos, that scoring in them changes nothing, and files that are damaged."""

import hashlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lpat.backbones.files import read_backbones
from lpat.errors import BackboneError, FeatureError, ModelError
from lpat.features.files import locate_features, write_features
from lpat.inference.onnx_files import (
    DIGEST_KEY,
    SEALED_KEY,
    UNSEALED,
    digests_of,
    sealed,
)
from lpat.localizer import Localizer
from lpat.model import model as module
from lpat.model.model import CONTEXT, WINDOW, Model, Window, windows
from lpat.types import Features, FeatureSpec

SPEC = FeatureSpec("precomputed", 1, {}, 6)
MakeModel = Callable[..., Path]


def features_of(snippets: int) -> Features:
    values = np.random.default_rng(snippets).normal(size=(snippets, SPEC.dimension))
    return Features(values.astype(np.float32), SPEC, snippets * SPEC.snippet_seconds)


@pytest.mark.parametrize("count", [1, 5, WINDOW])
def test_a_short_video_is_one_window(count: int) -> None:
    assert windows(count) == [Window(0, count, 0, count)]


def test_no_snippets_are_no_window() -> None:
    assert windows(0) == []


def test_a_long_video_is_shared_out_evenly_with_context_on_both_sides() -> None:
    half = WINDOW // 2 + 1
    assert windows(2 * half) == [
        Window(0, half, 0, half + CONTEXT),
        Window(half, 2 * half, half - CONTEXT, 2 * half),
    ]


@pytest.mark.parametrize("count", [WINDOW + 1, 3 * WINDOW, 3 * WINDOW + 1, 112_503])
def test_windows_follow_each_other_and_differ_by_one_snippet_at_most(count: int) -> None:
    found = windows(count)
    assert (found[0].start, found[-1].stop) == (0, count)
    assert all(before.stop == after.start for before, after in pairwise(found))
    lengths = {window.stop - window.start for window in found}
    assert max(lengths) <= WINDOW
    assert max(lengths) - min(lengths) <= 1
    assert len(found) == -(-count // WINDOW)
    for window in found:
        assert np.arange(window.first, window.last)[window.kept].tolist() == list(
            range(window.start, window.stop)
        )


@pytest.fixture
def looking_around(tmp_path: Path, make_model: MakeModel) -> Path:
    """A model whose scores depend on two snippets to each side, and on none further away."""
    path = make_model(tmp_path / "model.onnx", SPEC)
    model = onnx.load(str(path))
    kernel = np.random.default_rng(1).normal(size=(6, 6, 5)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(kernel, "kernel"))
    before = [
        helper.make_node("Transpose", ["features"], ["columns"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["columns", "kernel"], ["mixed"], pads=[2, 2]),
        helper.make_node("Transpose", ["mixed"], ["around"], perm=[0, 2, 1]),
    ]
    nodes = [*before, *model.graph.node]
    nodes[len(before)].input[0] = "around"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(path))
    return path


def test_scores_in_windows_are_those_of_the_whole(
    looking_around: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    localizer, features = Localizer(looking_around, "cpu"), features_of(1000)
    whole = localizer.score(features)
    monkeypatch.setattr(module, "WINDOW", 300)
    monkeypatch.setattr(module, "CONTEXT", 2)
    write_features(tmp_path / "features.safetensors", features)
    for source in (features, locate_features(tmp_path / "features.safetensors")):
        parts = localizer.score(source)
        np.testing.assert_array_equal(parts.scores, whole.scores)
        np.testing.assert_array_equal(parts.background, whole.background)
        np.testing.assert_array_equal(parts.edges, whole.edges)
    monkeypatch.setattr(module, "CONTEXT", 1)
    assert not np.array_equal(localizer.score(features).scores, whole.scores)


def test_a_video_shows_what_any_of_its_windows_shows(
    tmp_path: Path, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    features = features_of(40)
    monkeypatch.setattr(module, "WINDOW", 20)
    monkeypatch.setattr(module, "CONTEXT", 0)
    halves = [
        localizer.score(Features(features.values[part], SPEC, 1.0)).probabilities
        for part in (slice(0, 20), slice(20, 40))
    ]
    assert set(np.argmax(halves, axis=0)) == {0, 1}, "each half shows something more clearly"
    np.testing.assert_array_equal(localizer.score(features).probabilities, np.max(halves, axis=0))


def test_a_score_that_is_not_finite_is_refused_in_any_window(
    tmp_path: Path, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    monkeypatch.setattr(module, "WINDOW", 20)
    values = features_of(50).values
    values[25] = np.finfo(np.float32).max
    with pytest.raises(ModelError, match="scores that are not finite"):
        localizer.score(Features(values, SPEC, 32.0))


def test_a_feature_file_that_shrinks_is_named(tmp_path: Path, make_model: MakeModel) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    path = tmp_path / "features.safetensors"
    write_features(path, features_of(50))
    stored = locate_features(path)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(FeatureError, match=r"features\.safetensors: can no longer be read"):
        localizer.score(stored)


@pytest.fixture
def whole(tmp_path: Path, make_model: MakeModel) -> bytes:
    """A model file with its digest, as exported ones have it."""
    model = onnx.load(str(make_model(tmp_path / "unsealed.onnx", SPEC)))
    texts = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, texts | UNSEALED)
    return sealed(model.SerializeToString())


def test_a_file_knows_its_digest_and_loads(whole: bytes) -> None:
    digests = digests_of(whole)
    assert digests.sha256 == hashlib.sha256(whole).hexdigest()
    assert digests.told == digests.own == hashlib.sha256(zeroed(whole)).hexdigest()
    assert Model("m.onnx", "cpu", content=whole).sha256 == digests.sha256
    assert sealed(zeroed(whole)) == whole


def zeroed(content: bytes) -> bytes:
    told = digests_of(content).told
    assert told is not None
    return content.replace(told.encode(), b"0" * 64)


@pytest.mark.parametrize("seed", range(60))
def test_a_file_of_which_a_few_bytes_changed_is_refused(whole: bytes, seed: int) -> None:
    random, damaged = np.random.default_rng(seed), bytearray(whole)
    for place in random.choice(len(whole), 1 + seed % 4, replace=False):
        damaged[place] ^= random.integers(1, 256)
    with pytest.raises(ModelError, match=r"^m\.onnx: "):
        Model("m.onnx", "cpu", content=bytes(damaged))
    with pytest.raises(BackboneError, match=r"^m\.onnx: "):
        read_backbones(Path("m.onnx"), bytes(damaged))


def test_metadata_that_is_no_text_is_a_line(tmp_path: Path, make_model: MakeModel) -> None:
    path = make_model(tmp_path / "m.onnx", SPEC)
    path.write_bytes(path.read_bytes().replace(b'"classes"', b'"\xff\xff\xff\xff\xff\xff\xff"'))
    with pytest.raises(ModelError, match=r"m\.onnx: .* names or metadata that aren't UTF-8$"):
        Model(path, "cpu")
    with pytest.raises(BackboneError, match=r"m\.onnx: .* names or metadata that aren't UTF-8$"):
        read_backbones(path)


@pytest.mark.parametrize("key", [DIGEST_KEY, SEALED_KEY])
def test_a_file_whose_digest_has_lost_its_name_is_refused(whole: bytes, key: str) -> None:
    assert whole.count(key.encode()) == 1
    damaged = whole.replace(key.encode(), key.upper().encode())
    with pytest.raises(ModelError, match=r"^m\.onnx: damaged: its bytes are not those that were"):
        Model("m.onnx", "cpu", content=damaged)


def test_a_weight_that_changed_is_named_as_damage_for_detection_and_inspection(
    whole: bytes, tmp_path: Path
) -> None:
    weights = numpy_helper.to_array(onnx.load_from_string(whole).graph.initializer[0])
    first = weights.tobytes()[:4]
    path = tmp_path / "m.onnx"
    path.write_bytes(whole.replace(first, bytes([first[0] ^ 1, *first[1:]]), 1))
    with pytest.raises(ModelError, match=r"m\.onnx: damaged: "):
        Model(path, "cpu")
    with pytest.raises(BackboneError, match=r"m\.onnx: damaged: "):
        read_backbones(path)


def test_a_file_without_a_place_for_its_digest_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="a place for its digest"):
        sealed(b"no model")
