"""Detections in a stream are those of the whole video, each soon after it ends."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.small_networks import write_linear_model
from lpat.errors import FeatureError, ModelError
from lpat.live import CONTEXT, LiveDetector, detect_in_stream
from lpat.localizer import Localizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import Detection, Features, FeatureSpec, Float32Array

LOOKAHEAD = 2  # of a model that says nothing else
SPEC = FeatureSpec("precomputed", 1, {}, 6)
MakeModel = Callable[..., Path]


@pytest.fixture
def localizer(tmp_path: Path, make_model: MakeModel) -> Localizer:
    """A model that takes all classes, so that their selection can't differ."""
    return model_with(tmp_path, make_model, PostProcessing("crossing", class_selection="all"))


def model_with(
    folder: Path,
    make_model: MakeModel,
    options: PostProcessing,
    level: LevelTable | None = None,
    false_alarms: float | None = None,
    lookahead: int = LOOKAHEAD,
) -> Localizer:
    labels = ("jump", "run")
    metadata = ModelMetadata(labels, SPEC, options, level=level, lookahead=lookahead).to_json()
    path = make_model(folder / "model.onnx", SPEC, metadata=metadata)
    return Localizer(path, "cpu", false_alarms=false_alarms)


def wandering(snippets: int) -> Float32Array:
    random = np.random.default_rng(snippets)
    return (random.normal(size=(snippets, SPEC.dimension)).cumsum(axis=0) / 3).astype(np.float32)


def in_time(detections: Sequence[Detection]) -> list[tuple[str, float, float]]:
    return sorted((d.label, round(d.start, 4), round(d.end, 4)) for d in detections)


@pytest.mark.parametrize("snippets", [1, LOOKAHEAD, LOOKAHEAD + 1, CONTEXT, 700])
def test_a_stream_gives_the_segments_of_the_whole_video(
    localizer: Localizer, snippets: int
) -> None:
    values, duration = wandering(snippets), (snippets - 0.4) * SPEC.snippet_seconds
    detector = LiveDetector(localizer)
    found = [detection for row in values for detection in detector.push(row)]
    found += detector.finish(duration)
    expected = localizer.detect(Features(values, SPEC, duration))
    assert in_time(found) == in_time(list(expected))
    assert len(expected) > 10 or snippets < 700


def test_a_detection_comes_a_few_snippets_after_its_end(localizer: Localizer) -> None:
    detector = LiveDetector(localizer)
    for number, row in enumerate(wandering(200), start=1):
        for detection in detector.push(row):
            late = number - detection.end / SPEC.snippet_seconds
            assert LOOKAHEAD < late <= LOOKAHEAD + 1.5  # crossing: within half a snippet
    assert detector.finish() is not None


def test_what_is_on_begins_where_its_detection_will(localizer: Localizer) -> None:
    detector = LiveDetector(localizer)
    assert detector.ongoing() == {}
    before: dict[str, float] = {}
    ended = 0
    for row in wandering(200):
        for detection in detector.push(row):
            # One that lasted a single snippet, on while the next was settled, was never seen.
            ended += before.get(detection.label) == detection.start
        before = detector.ongoing()
    rest = detector.finish()
    assert {d.label: d.start for d in rest}.items() <= before.items() or len(rest) == 0
    assert ended > 5


def test_what_is_on_is_of_probable_classes_only(tmp_path: Path, make_model: MakeModel) -> None:
    every = LiveDetector(
        model_with(tmp_path, make_model, PostProcessing(class_selection="all")), window=80
    )
    probable = LiveDetector(model_with(tmp_path, make_model, PostProcessing()), window=80)
    left_out = 0
    for row in wandering(300):
        every.push(row)
        probable.push(row)
        assert probable.ongoing().items() <= every.ongoing().items()
        left_out += len(every.ongoing()) - len(probable.ongoing())
    assert left_out > 0


def test_a_score_is_that_of_the_whole_video_while_that_is_within_the_window(
    localizer: Localizer,
) -> None:
    values = wandering(60)
    detector = LiveDetector(localizer)
    for row in values:
        detector.push(row)
    found = detector.finish()
    scores = {(d.label, d.end): d.score for d in localizer.detect(values)}
    assert len(found) > 0
    for detection in found:
        expected = scores[detection.label, detection.end]
        assert detection.score == pytest.approx(expected, rel=1e-5)


def test_a_segment_longer_than_the_window_is_one(localizer: Localizer) -> None:
    row = next(row for row in wandering(300) if len(localizer.detect(row[None])) == 1)
    away = next(row for row in wandering(300) if len(localizer.detect(row[None])) == 0)
    (expected,) = localizer.detect(row[None])
    detector = LiveDetector(localizer, window=1)
    found = [d for values in [away, *[row] * 400, *[away] * 9] for d in detector.push(values)]
    (one,) = [d for d in found if d.label == expected.label]
    assert one.end - one.start == pytest.approx(400 * SPEC.snippet_seconds, abs=1)


def test_what_is_kept_does_not_grow_with_the_stream(localizer: Localizer) -> None:
    detector = LiveDetector(localizer, window=100)
    for row in wandering(1000):
        detector.push(row)
    assert len(detector._rows) == 100


def test_classes_are_selected_by_the_latest_snippets(tmp_path: Path, make_model: MakeModel) -> None:
    localizer = model_with(tmp_path, make_model, PostProcessing())
    values = wandering(300)
    found = list(detect_in_stream(LiveDetector(localizer, window=80), values))
    everything = model_with(tmp_path, make_model, PostProcessing(class_selection="all"))
    whole = set(in_time(list(everything.detect(values))))
    assert 0 < len(found) < len(whole)
    assert set(in_time(found)) <= whole


def test_runs_stand_in_for_components(tmp_path: Path, make_model: MakeModel) -> None:
    values = wandering(100)
    found = [
        list(
            detect_in_stream(
                LiveDetector(model_with(tmp_path, make_model, PostProcessing(proposals=proposals))),
                values,
            )
        )
        for proposals in ("runs", "components")
    ]
    assert found[0] == found[1] != []


def test_a_threshold_made_of_the_whole_video_is_refused(
    tmp_path: Path, make_model: MakeModel
) -> None:
    localizer = model_with(tmp_path, make_model, PostProcessing(threshold="manual"))
    with pytest.raises(ModelError, match="expected a model with a predicted threshold, not a man"):
        LiveDetector(localizer)


@pytest.mark.parametrize("shape", [(5,), (1, 6), ()])
def test_features_of_another_shape_are_refused(
    localizer: Localizer, shape: tuple[int, ...]
) -> None:
    with pytest.raises(FeatureError, match=r"must have shape \(6,\), not "):
        LiveDetector(localizer).push(np.zeros(shape, np.float32))


def test_features_that_are_not_finite_are_refused(localizer: Localizer) -> None:
    detector = LiveDetector(localizer)
    detector.push(np.zeros(6, np.float32))
    with pytest.raises(FeatureError, match="features of snippet 1 are not finite"):
        detector.push(np.full(6, np.nan, np.float32))


def test_an_empty_stream_has_no_detections(localizer: Localizer) -> None:
    assert list(detect_in_stream(LiveDetector(localizer), [])) == []


ALL = PostProcessing("crossing", class_selection="all")
TABLE = LevelTable(0.03, (0.001, 0.03, 0.5), np.array([[0.5, 0.4], [0.0, 0.0], [-0.5, -0.6]]))


def live(localizer: Localizer, values: Float32Array, window: int = 512) -> list[Detection]:
    return list(detect_in_stream(LiveDetector(localizer, window), values))


def shifted_model(
    folder: Path, offset: float, level: LevelTable, features: tuple[int, int] = (0, 1)
) -> Localizer:
    """Scores of jump and run are these features and an offset, against a background of 0."""
    folder.mkdir()
    weights = np.zeros((SPEC.dimension, 3), np.float32)
    weights[features, (0, 1)] = 1
    metadata = ModelMetadata(("jump", "run"), SPEC, PostProcessing("crossing"), level=level)
    bias = np.array([offset, offset, 0], np.float32)
    path = write_linear_model(folder / "model.onnx", weights, metadata.to_json(), bias=bias)
    return Localizer(path, "cpu")


def acting(snippets: int) -> Float32Array:
    """Feature 0 is well above 0 in five of every twenty snippets, as the class that is selected;
    feature 1 stays close to -1."""
    values = np.random.default_rng(1).normal(scale=0.1, size=(snippets, SPEC.dimension))
    values[:, 0] += np.where(np.arange(snippets) % 20 < 5, 3.0, -1.0)
    values[:, 1] -= 1
    return values.astype(np.float32)


def test_a_shift_of_all_scores_is_followed(tmp_path: Path) -> None:
    level = replace(TABLE, usual=-0.87, follow=1.0)  # the upper margin of run in `acting`
    values = acting(400)
    usual = live(shifted_model(tmp_path / "usual", 0.0, level), values)
    higher = live(shifted_model(tmp_path / "higher", 1.5, level), values)
    fixed = live(shifted_model(tmp_path / "fixed", 1.5, replace(level, follow=0.0)), values)
    half = 190 * SPEC.snippet_seconds
    late = [detection for detection in higher if detection.start > half]
    expected = [detection for detection in usual if detection.start > half]
    assert len(expected) == 10
    assert [d.label for d in late] == [d.label for d in expected]
    for found, its in zip(late, expected, strict=True):
        # What is left of the shift when so many snippets are believed moves a crossing by less.
        assert abs(found.start - its.start) < 0.1 * SPEC.snippet_seconds
        assert abs(found.end - its.end) < 0.1 * SPEC.snippet_seconds
    assert len(fixed) < 10, "unfollowed, all that is between actions is above the level as well"


def test_the_level_follows_the_latest_snippets_only(tmp_path: Path) -> None:
    level = replace(TABLE, usual=-0.87, follow=1.0)
    localizer = shifted_model(tmp_path / "model", 0.0, level)
    detector = LiveDetector(localizer, window=100)
    calm, raised = acting(200), acting(200)
    raised[:, :2] += 1.5
    found = [d for row in (*calm, *raised) for d in detector.push(row)] + detector.finish()
    seconds = SPEC.snippet_seconds
    late = [d for d in found if d.start > 300 * seconds]
    assert [round(d.start / seconds) for d in late] == [320, 340, 360, 380]


def test_where_every_class_is_selected_a_stream_is_detected_as_without_following(
    tmp_path: Path,
) -> None:
    level = replace(TABLE, usual=-5.0, follow=1.0)
    following = shifted_model(tmp_path / "following", 0.0, level, features=(0, 0))  # equal classes
    fixed = shifted_model(tmp_path / "fixed", 0.0, replace(level, follow=0.0), features=(0, 0))
    found = in_time(live(following, acting(100)))
    assert len(found) == 10
    assert found == in_time(live(fixed, acting(100)))


@pytest.mark.parametrize("rate", [None, 0.001, 0.2])
def test_a_level_that_does_not_follow_gives_the_segments_of_the_whole_video(
    tmp_path: Path, make_model: MakeModel, rate: float | None
) -> None:
    localizer, values = model_with(tmp_path, make_model, ALL, TABLE, rate), wandering(300)
    found = live(localizer, values)
    assert in_time(found) == in_time(list(localizer.detect(values)))
    own = in_time(live(model_with(tmp_path, make_model, ALL), values))
    assert (in_time(found) == own) == (rate is None)
    assert len(found) > 3


@pytest.mark.parametrize("lookahead", [0, 1, 7])
def test_a_detection_waits_for_as_many_snippets_as_the_model_says(
    tmp_path: Path, make_model: MakeModel, lookahead: int
) -> None:
    detector = LiveDetector(model_with(tmp_path, make_model, ALL, lookahead=lookahead))
    delays = [
        number - detection.end / SPEC.snippet_seconds
        for number, row in enumerate(wandering(200), start=1)
        for detection in detector.push(row)
    ]
    assert len(delays) > 5
    assert all(lookahead < delay <= lookahead + 1.5 for delay in delays)
