"""Rows that are taught by times: what is taught, and what their predictions become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.studies.data import StudyData
from benchmarks.studies.simulation import MEDIUM, simulate
from benchmarks.studies.supervised import Taught, measure, predicted_segments
from lpat.annotations.reading import VideoAnnotation
from lpat.types import PredictedEnds, Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import make_training_set


def annotated(name: str, label: str) -> VideoAnnotation:
    times = np.array([[6.4, 12.8], [25.6, 32.0]])
    return VideoAnnotation(name, "training", 64.0, (label,), times, (label, label))


@pytest.fixture
def data() -> StudyData:
    videos = tuple(annotated(f"v{i}", label) for i, label in enumerate(("jump", "run") * 4))
    features = simulate(videos, replace(MEDIUM, dimension=32), seed=0)
    labels = {video.name: video.labels for video in videos}
    return StudyData(features, labels, videos[:2], taught=videos)


def test_instances_are_in_snippets(data: StudyData) -> None:
    training_set = make_training_set(data.features, data.labels)
    truth = {video.name: video for video in data.taught}
    its = Taught(training_set, data.features, truth, TrainingConfig()).instances("v1")
    np.testing.assert_allclose(its.segments, [[10, 20], [40, 50]])
    assert its.labels.tolist() == [1, 1]


def test_what_snippets_predict_are_segments_within_the_video() -> None:
    chances = np.array([[0.1], [0.9], [0.2], [0.0]], np.float32)
    distances = np.array([[2, 2], [1, 1], [0.5, 9], [1, 1]], np.float32)
    scores = Scores(
        ("jump",),
        np.zeros((4, 1), np.float32),
        np.zeros(4, np.float32),
        np.array([1, 0], np.float32),
        np.arange(5, dtype=np.float64) * 2,
        PredictedEnds(chances, distances),
    )
    found = predicted_segments(scores)
    assert found.segments[0].tolist() == [1, 5]
    assert found.segments.min() >= 0
    assert found.segments.max() <= 8


def test_every_row_is_measured(data: StudyData) -> None:
    rows = measure(data, TrainingConfig(steps=10, hidden=8))
    assert list(rows) == ["lpat", "pseudo", "ends", "segments", "snippets"]
    assert all(0 <= value <= 1 for value in rows.values())
    assert max(rows.values()) > 0
