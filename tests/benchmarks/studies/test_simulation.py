"""The simulated features: what they follow from, and what is in them."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.studies.measures import roc_area
from benchmarks.studies.simulation import (
    DIFFICULTIES,
    MEDIUM,
    make_prototypes,
    simulate,
    snippet_truth,
)
from lpat.annotations.reading import VideoAnnotation
from lpat.types import Features

CLASSES = ("dive", "jump", "run", "throw")
STILL = replace(MEDIUM, noise=0.0, offset=0.0)


def video(name: str, label: str, *segments: tuple[float, float]) -> VideoAnnotation:
    times = np.array(segments, np.float64).reshape(-1, 2)
    return VideoAnnotation(name, "test", 64.0, (label,), times, (label,) * len(times))


@pytest.fixture
def videos() -> list[VideoAnnotation]:
    return [video(f"v{i}", label, (8.0, 14.4), (32.0, 38.4)) for i, label in enumerate(CLASSES * 5)]


def nearest_prototype_area(videos: list[VideoAnnotation], difficulty: str) -> float:
    """How well closeness to the class's prototypes tells the snippets of its actions."""
    features = simulate(videos, DIFFICULTIES[difficulty], seed=3)
    phases = make_prototypes(len(CLASSES), DIFFICULTIES[difficulty], seed=3).phases
    closeness, truths = [], []
    for each in videos:
        its = features[each.name]
        closeness.append((its.values @ phases[CLASSES.index(each.labels[0])].T).max(axis=1))
        truths.append(snippet_truth(each, its.edges, each.labels)[:, 0])
    return roc_area(np.concatenate(closeness).astype(np.float64), np.concatenate(truths))


def test_a_seed_decides_all_features(videos) -> None:
    first, again = (simulate(videos, MEDIUM, seed=1) for _ in range(2))
    other = simulate(videos, MEDIUM, seed=2)
    for name, features in first.items():
        np.testing.assert_array_equal(features.values, again[name].values)
        assert not np.array_equal(features.values, other[name].values)


def test_a_video_is_the_same_whatever_others_there_are(videos) -> None:
    all_of_them, few = simulate(videos, MEDIUM, seed=1), simulate(videos[:4], MEDIUM, seed=1)
    for name, features in few.items():
        np.testing.assert_array_equal(features.values, all_of_them[name].values)


@pytest.mark.parametrize(("duration", "count"), [(0.1, 1), (0.64, 1), (0.7, 2), (64.0, 100)])
def test_snippets_cover_the_duration(duration: float, count: int) -> None:
    short = replace(video("short", "run"), duration=duration)
    features = simulate([short], replace(MEDIUM, dimension=32), seed=0)["short"]
    assert features.values.shape == (count, 32)
    assert features.duration == duration
    assert features.edges[-1] == pytest.approx(duration)


def test_a_video_of_unknown_length_is_refused_by_name() -> None:
    unknown = replace(video("somewhere", "run"), duration=None)
    with pytest.raises(ValueError, match="video 'somewhere': expected a duration, not None"):
        simulate([unknown], MEDIUM, seed=0)


def test_a_snippet_is_true_where_its_middle_lies_in_a_segment() -> None:
    edges = np.arange(6, dtype=np.float64)  # middles at 0.5, 1.5, ... 4.5
    annotated = video("v", "run", (0.6, 2.5), (3.5, 3.6), (4.1, 4.4))
    truth = snippet_truth(annotated, edges, ("jump", "run"))
    assert truth[:, 1].tolist() == [False, True, False, True, False]
    assert not truth[:, 0].any()


def test_each_difficulty_hides_actions_more_than_the_one_before(videos) -> None:
    easy, medium, hard = (nearest_prototype_area(videos, name) for name in DIFFICULTIES)
    assert easy > medium + 0.01 > hard + 0.02 > 0.5


def test_the_scene_of_the_label_is_there_outside_actions(videos) -> None:
    sure = replace(MEDIUM, scene_reliability=1.0, context_chance=0.0)
    features = simulate(videos, sure, seed=0)
    scenes = make_prototypes(len(CLASSES), sure, seed=0).scenes
    for each in videos:
        its = features[each.name]
        outside = its.values[~snippet_truth(each, its.edges, each.labels)[:, 0]]
        assert (outside @ scenes.T).mean(axis=0).argmax() == CLASSES.index(each.labels[0])


def test_context_beside_an_action_looks_partly_like_it() -> None:
    given = replace(STILL, scene=0.0, background=0.0, context_chance=1.0, context_seconds=50.0)
    annotated = video("v0", "run", (25.6, 38.4))
    likeness = []
    for cosine in (0.0, 0.5):
        chosen = replace(given, context_likeness=cosine)
        values = simulate([annotated], chosen, seed=0)["v0"].values
        middle = make_prototypes(1, chosen, seed=0).phases[0, 1]
        likeness.append(float(values[38] @ middle))  # 24.3 to 25 s, just before it
    assert likeness[1] > likeness[0] + 0.2


def test_only_the_middle_of_an_instance_shows_its_class_alone() -> None:
    given = replace(STILL, scene=0.0, background=0.0, background_inside=0.0, context_chance=0.0)
    its: Features = simulate([video("v", "run", (0.0, 64.0))], given, seed=0)["v"]
    phases = make_prototypes(1, given, seed=0).phases[0]
    nearest = (its.values @ phases.T).argmax(axis=1)
    assert nearest[[0, 10, 20, 50, 80, 90, 99]].tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_a_snippet_at_a_border_shows_both_sides() -> None:
    given = replace(
        STILL, scene=0.0, background=0.0, background_inside=0.0, context_chance=0.0, weakest=1.0,
        middle=1.0, receptive_seconds=1.28,
    )  # fmt: skip
    values = simulate([video("v", "run", (6.4, 19.2))], given, seed=0)["v"].values
    lengths = np.linalg.norm(values, axis=1)
    np.testing.assert_allclose(lengths[[8, 9, 10, 11]], [0, 0.25, 0.75, 1], atol=1e-6)
