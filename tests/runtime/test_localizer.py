"""Model files: ours run, anything else gives one clear line and runs nothing."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from lpat import __version__
from lpat.backbones.search import Backbones
from lpat.errors import ModelError, UsageError
from lpat.features.cache import FeatureCache
from lpat.features.statistics import exchanged, statistics_of
from lpat.localizer import Localizer
from lpat.model.metadata import (
    LONGEST_LABEL,
    LONGEST_TEXT,
    MOST_CLASSES,
    ModelMetadata,
    metadata_from_json,
)
from lpat.segments.detect import detect
from lpat.segments.level import RATES, LevelTable, leveled
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, FeatureSpec

SPEC = FeatureSpec("precomputed", 1, {}, 6)
GOOD = json.loads(ModelMetadata(("jump", "run"), SPEC, PostProcessing(), {"videos": 3}).to_json())
MakeModel = Callable[..., Path]


def features_of(snippets: int, spec: FeatureSpec = SPEC) -> Features:
    values = np.random.default_rng(snippets).normal(size=(snippets, spec.dimension))
    return Features(values.astype(np.float32), spec, snippets * spec.snippet_seconds)


def test_a_model_scores_videos_of_any_length(tmp_path: Path, make_model: MakeModel) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    assert localizer.provider == "CPUExecutionProvider"
    assert localizer.classes == ("class_0", "class_1")
    for snippets in (1, 2, 50):
        features = features_of(snippets)
        scores = localizer.score(features)
        assert scores.scores.shape == (snippets, 2)
        assert scores.probabilities.sum() == pytest.approx(1)
        np.testing.assert_array_equal(scores.edges, features.edges)


def test_detections_come_from_features_and_feature_files(
    tmp_path: Path, make_model: MakeModel
) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    features = features_of(30)
    np.save(tmp_path / "video.npy", features.values)
    found = localizer.detect(features)
    assert len(found) > 0
    np.testing.assert_array_equal(found.segments, localizer.detect(tmp_path / "video.npy").segments)


def test_features_of_another_spec_are_refused_by_name(
    tmp_path: Path, make_model: MakeModel
) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    other = FeatureSpec("motion", 1, {}, 5)
    with pytest.raises(ModelError, match="extractor motion where precomputed was expected"):
        localizer.score(features_of(3, other))


def test_features_with_their_halves_exchanged_are_refused(
    tmp_path: Path, make_model: MakeModel
) -> None:
    spec = FeatureSpec("i3d", 1, {"streams": "rgb,flow"}, 40)
    random = np.random.default_rng(0)
    values = (np.abs(random.normal(size=40)) + 0.2 * random.normal(size=(50, 40))).astype(
        np.float32
    )
    metadata = ModelMetadata(
        ("class_0", "class_1"), spec, PostProcessing(), statistics=statistics_of([values])
    )
    assert metadata_from_json(metadata.to_json()) == metadata
    path = make_model(tmp_path / "model.onnx", spec, metadata=metadata.to_json())
    localizer = Localizer(path, "cpu")
    localizer.score(Features(values, spec, 32.0))
    with pytest.raises(ModelError, match="features with their halves exchanged"):
        localizer.score(Features(exchanged(values), spec, 32.0))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"not a model", "expected an ONNX model"), (b"\x08\x09", "expected")],
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        Localizer(path, "cpu")
    assert "\n" not in str(caught.value)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx: no such file"):
        Localizer(tmp_path / "nowhere.onnx", "cpu")


def test_a_model_of_somebody_else_is_refused(tmp_path: Path, make_model: MakeModel) -> None:
    path = make_model(tmp_path / "model.onnx", SPEC, metadata=None)
    with pytest.raises(ModelError, match="expected a model exported by lpat"):
        Localizer(path, "cpu")


@pytest.mark.parametrize("classes", [1, 3])
def test_metadata_that_does_not_fit_the_graph_is_refused(
    tmp_path: Path, make_model: MakeModel, classes: int
) -> None:
    path = make_model(tmp_path / "model.onnx", SPEC, metadata=json.dumps(GOOD), classes=classes)
    with pytest.raises(ModelError, match="of 2 classes, not"):
        Localizer(path, "cpu")


def test_metadata_comes_back_as_written() -> None:
    metadata = metadata_from_json(json.dumps(GOOD))
    assert metadata.classes == ("jump", "run")
    assert metadata.features == SPEC
    assert metadata.training == {"videos": 3}


def test_metadata_from_before_there_was_a_choice_of_precision_means_float32() -> None:
    older = {name: value for name, value in GOOD.items() if name not in ("precision", "lpat")}
    assert metadata_from_json(json.dumps(older)) == metadata_from_json(json.dumps(GOOD))
    chosen = ModelMetadata(("jump",), SPEC, PostProcessing(), precision="int8")
    assert metadata_from_json(chosen.to_json()) == chosen


def test_int8_weights_that_saturate_on_some_processors_are_told() -> None:
    old = GOOD | {"precision": "int8"}  # of before the bits of weights were told
    assert "processors without VNNI" in str(metadata_from_json(json.dumps(old)).caution)
    new = ModelMetadata(("jump",), SPEC, PostProcessing(), precision="int8")
    assert metadata_from_json(new.to_json()) == new
    assert new.caution is None
    for precision in ("float32", "float16"):
        assert metadata_from_json(json.dumps(GOOD | {"precision": precision})).caution is None


def test_metadata_from_before_there_were_levels_means_the_same_as_before() -> None:
    older = {
        name: GOOD["post_processing"][name]
        for name in GOOD["post_processing"]
        if name not in ("levels", "lowest_level", "highest_level", "overlap", "sharpness")
    }
    metadata = metadata_from_json(json.dumps({**GOOD, "post_processing": older}))
    assert metadata.post_processing == PostProcessing()
    options = PostProcessing(proposals="levels", levels=9, lowest_level=-1, overlap=0.5)
    chosen = ModelMetadata(("jump",), SPEC, options)
    assert metadata_from_json(chosen.to_json()) == chosen


@pytest.mark.parametrize("part", ["format", "operators"])
def test_a_model_for_a_newer_onnx_runtime_says_what_to_upgrade(
    tmp_path: Path, make_model: MakeModel, part: str
) -> None:
    path = make_model(tmp_path / "model.onnx", SPEC)
    model = onnx.load(path)
    if part == "format":
        model.ir_version = 99
    else:
        model.opset_import[0].version = 99
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"newer ONNX Runtime than .* pip install --up") as caught:
        Localizer(path, "cpu")
    assert "\n" not in str(caught.value)


def test_metadata_from_before_there_was_a_choice_of_proposals_means_runs() -> None:
    older = {name: value for name, value in GOOD["post_processing"].items() if name != "proposals"}
    assert len(older) == len(GOOD["post_processing"]) - 1
    metadata = metadata_from_json(json.dumps({**GOOD, "post_processing": older}))
    assert metadata.post_processing == PostProcessing(proposals="runs")
    chosen = ModelMetadata(("jump",), SPEC, PostProcessing(proposals="components"))
    assert metadata_from_json(chosen.to_json()) == chosen


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "isn't JSON"),
        ("[" * 100_000, "isn't JSON"),
        ("[]", "isn't a JSON object"),
        ("x" * (LONGEST_TEXT + 1), "more than"),
        ({"schema": 0}, f"metadata of schema 0; lpat {__version__} reads 1"),
        (
            {"schema": 99},
            f"schema 99, and lpat {__version__} reads 1; install lpat {__version__} or newer",
        ),
        ({"schema": 99, "lpat": "12.3"}, r"made by a newer lpat .*; install lpat 12\.3 or newer$"),
        ({"schema": 99, "lpat": "; rm -rf /"}, "install a newer lpat$"),
        ({"schema": 99, "lpat": None}, "install a newer lpat$"),
        ({"precision": "float8"}, "precision must be one of float32, float16, int8"),
        ({"precision": []}, "precision must be one of"),
        ({"schema": "1" * 5000}, "metadata of schema"),
        ({"classes": []}, "expected 1 to 10000 classes"),
        ({"classes": ["a", "a"]}, "a class appears twice"),
        ({"classes": ["a" * 201]}, "is no label"),
        ({"classes": [{"$ref": "x"}]}, "is no label"),
        ({"classes": ["a"] * 10_001}, "expected 1 to 10000 classes"),
        ({"features": None}, "expected a feature spec"),
        ({"features": {**GOOD["features"], "dimension": -1}}, "dimension must be positive"),
        ({"features": {**GOOD["features"], "fps": 1e9}}, "fps must be positive and at most 1000"),
        ({"features": {**GOOD["features"], "fps": 1e999}}, "fps"),
        ({"post_processing": 3}, "expected an object post_processing"),
        ({"post_processing": {"threshold": "__import__('os')"}}, "threshold must be one of"),
        ({"post_processing": {"proposals": "grid"}}, "proposals must be one of runs, components"),
        ({"post_processing": {"proposals": None}}, "proposals must be one of runs, components"),
        ({"post_processing": {"more": 1}}, "unknown post-processing 'more'"),
        ({"post_processing": {"minimum_snippets": -1}}, "minimum_snippets"),
        ({"post_processing": {"levels": 65}}, "levels must be a whole number from 1 to 64"),
        ({"post_processing": {"overlap": "1" * 5000}}, "overlap must be a number from 0 to 1"),
        ({"post_processing": {"sharpness": 1e999}}, "sharpness must be a number"),
        ({"post_processing": {"lowest_level": 10**400}}, "lowest_level must be a number"),
        ({"post_processing": {"minimum_snippets": 10**30}}, "a whole number from 1 to 1000000"),
        ("1" + "0" * 5000, "isn't a JSON object"),
        ({"training": []}, "expected an object training"),
        ({"statistics": {"mean": [0.0]}}, "statistics: expected an object with mean and deviation"),
    ],
)
def test_broken_or_hostile_metadata_is_refused(text, message: str) -> None:
    if isinstance(text, dict):
        text = json.dumps({**GOOD, **text})
    with pytest.raises(ModelError, match=message) as caught:
        metadata_from_json(text)
    assert len(str(caught.value)) < 400


def test_as_many_classes_of_as_long_labels_as_a_model_may_have_fit_its_metadata() -> None:
    labels = tuple(f"{number:0{LONGEST_LABEL}}" for number in range(MOST_CLASSES))
    margins = np.linspace(1234.5, -1234.5, len(RATES))[:, None].repeat(len(labels), axis=1)
    table = LevelTable(0.03, RATES, margins, pooled=labels)
    metadata = ModelMetadata(labels, SPEC, PostProcessing(), level=table)
    read = metadata_from_json(metadata.to_json())
    assert read.classes == labels
    assert read.level is not None
    assert read.level.pooled == labels


def test_a_model_loads_whatever_the_limit_of_the_cache_says(
    tmp_path: Path, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LPAT_CACHE_LIMIT", "plenty")
    model = make_model(tmp_path / "model.onnx", SPEC)
    assert Localizer(model, "cpu").provider == "CPUExecutionProvider"


TABLE = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[3.0, 2.0], [0.0, 0.0], [-2.0, -3.0]]))


def test_the_level_is_moved_to_another_rate_of_false_alarms(
    tmp_path: Path, make_model: MakeModel
) -> None:
    following = replace(TABLE, follow=0.5)
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing(), level=following)
    path = make_model(tmp_path / "model.onnx", SPEC, metadata=metadata.to_json())
    features, own = features_of(200), Localizer(path, "cpu")
    assert own.false_alarms is None
    learned = own.learned_scores(features)
    counts = []
    for rate in (0.001, 0.01, 0.2, 0.5):
        moved = Localizer(path, "cpu", false_alarms=rate)
        assert moved.false_alarms == rate
        np.testing.assert_array_equal(moved.learned_scores(features).scores, learned.scores)
        found, expected = moved.score(features), leveled(learned, following, rate)
        np.testing.assert_array_equal(found.scores, expected.scores)
        np.testing.assert_array_equal(found.background, expected.background)
        assert (found.background != learned.background).all(), "it follows the video too"
        detections = moved.detect(features)
        np.testing.assert_array_equal(
            detections.segments, detect(expected, metadata.post_processing).segments
        )
        counts.append(int((found.scores > found.background[:, None]).sum()))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_the_models_own_rate_asked_for_is_no_move(tmp_path: Path, make_model: MakeModel) -> None:
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing(), level=TABLE)
    path = make_model(tmp_path / "model.onnx", SPEC, metadata=metadata.to_json())
    asked = Localizer(path, "cpu", false_alarms=0.03)
    assert asked.false_alarms is None
    features = features_of(20)
    own = Localizer(path, "cpu").score(features)
    np.testing.assert_array_equal(asked.score(features).scores, own.scores)


@pytest.mark.parametrize("rate", [0.0009, 0.51, 0.0, -1.0, float("nan")])
def test_a_rate_that_the_model_does_not_know_is_refused(
    tmp_path: Path, make_model: MakeModel, rate: float
) -> None:
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing(), level=TABLE)
    path = make_model(tmp_path / "model.onnx", SPEC, metadata=metadata.to_json())
    with pytest.raises(UsageError, match=r"false alarms: expected a rate from 0\.001 to 0\.5, not"):
        Localizer(path, "cpu", false_alarms=rate)


def test_a_model_without_a_calibrated_level_has_none_to_move(
    tmp_path: Path, make_model: MakeModel
) -> None:
    path = make_model(tmp_path / "model.onnx", SPEC)
    with pytest.raises(
        UsageError, match=r"model\.onnx: false alarms: expected a model whose level"
    ):
        Localizer(path, "cpu", false_alarms=0.01)
    localizer, features = Localizer(path, "cpu"), features_of(20)
    np.testing.assert_array_equal(
        localizer.score(features).background, localizer.learned_scores(features).background
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"level": []}, "expected an object level"),
        ({"level": {"false_alarms": 0.03}}, "expected rates from 0 to 1"),
        ({"level": TABLE.to_json() | {"margins": [[0.0, 1e999]] * 3}}, "rows of 2 margins"),
        ({"lookahead": -1}, "lookahead must be from 0 to 64"),
        ({"lookahead": 65}, "lookahead must be from 0 to 64"),
        ({"lookahead": 1.0}, "lookahead must be from 0 to 64"),
        ({"weight_bits": 9}, "weight_bits must be from 1 to 8"),
        ({"weight_bits": True}, "weight_bits must be from 1 to 8"),
    ],
)
def test_a_broken_level_or_lookahead_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        metadata_from_json(json.dumps(GOOD | changes))


def test_a_level_and_a_lookahead_come_back_as_written() -> None:
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing(), level=TABLE, lookahead=5)
    found = metadata_from_json(metadata.to_json())
    assert found.lookahead == 5
    assert found.level is not None
    assert found.level.to_json() == TABLE.to_json()
    older = {name: value for name, value in GOOD.items() if name != "lookahead"}
    assert metadata_from_json(json.dumps(older)).lookahead == 2
    assert metadata_from_json(json.dumps(older)).level is None


# In other processes


def test_a_localizer_goes_to_another_process_by_its_path_and_options(
    tmp_path: Path, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[3.0, 2.0], [0.0, 0.0], [-2.0, -3.0]]))
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing(), level=table).to_json()
    make_model(tmp_path / "model.onnx", SPEC, metadata=metadata)
    monkeypatch.chdir(tmp_path)
    localizer = Localizer("model.onnx", "cpu", false_alarms=0.2, backbones=Backbones(batch=3))
    sent = pickle.dumps(localizer)
    assert len(sent) < 2000  # its path, not its weights
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = pickle.loads(sent)
    assert (type(again), again.path, again.provider) == (
        Localizer, tmp_path / "model.onnx", "CPUExecutionProvider",
    )  # fmt: skip
    assert (again.false_alarms, again.backbones.batch) == (0.2, 3)
    features = features_of(30)
    np.testing.assert_array_equal(again.score(features).scores, localizer.score(features).scores)


def test_a_localizer_made_of_bytes_takes_them_along(tmp_path: Path, make_model: MakeModel) -> None:
    content = make_model(tmp_path / "model.onnx", SPEC).read_bytes()
    localizer = Localizer("/elsewhere/model.onnx", "cpu", content=content)
    again = pickle.loads(pickle.dumps(localizer))
    assert (again.path, again.sha256) == (localizer.path, localizer.sha256)
    assert len(again.detect(features_of(30))) == len(localizer.detect(features_of(30)))


def test_a_model_replaced_on_the_way_is_refused(tmp_path: Path, make_model: MakeModel) -> None:
    path = make_model(tmp_path / "model.onnx", SPEC)
    sent = pickle.dumps(Localizer(path, "cpu"))
    make_model(path, SPEC, classes=3)
    with pytest.raises(
        ModelError, match="expected the model as it was sent, but the file has changed"
    ):
        pickle.loads(sent)


def test_whatever_goes_in_and_comes_out_can_be_sent(tmp_path: Path, make_model: MakeModel) -> None:
    localizer = Localizer(make_model(tmp_path / "model.onnx", SPEC), "cpu")
    features = features_of(30)
    scores, found = localizer.score(features), localizer.detect(features)
    cache = FeatureCache(tmp_path / "cache")
    sent = pickle.loads(pickle.dumps((features, scores, found, list(found), cache, Backbones())))
    np.testing.assert_array_equal(sent[0].values, features.values)
    np.testing.assert_array_equal(sent[1].scores, scores.scores)
    np.testing.assert_array_equal(sent[2].segments, found.segments)
    assert sent[3:] == (list(found), cache, Backbones())
