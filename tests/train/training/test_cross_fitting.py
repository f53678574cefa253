"""Folds, and what networks say of the videos that they were held from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lpat.types import Scores
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.presets import METHOD_DEFAULTS, changed
from lpat_train.training.cross_fitting import (
    cross_fit,
    folds_of,
    quick_config,
    same_features,
    share_above,
)

CPU = torch.device("cpu")


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_each_class_is_spread_over_all_folds(seed: int, folds: int) -> None:
    labels = np.random.default_rng(seed).random((30, 3)) < (0.2, 0.5, 0.8)
    chosen = folds_of(labels, np.arange(30), folds, seed)
    sizes = np.bincount(chosen, minlength=folds)
    assert sizes.min() > 0
    rarest = int(np.where(labels.any(axis=0), labels.sum(axis=0), 99).argmin())
    of_rarest = np.bincount(chosen[labels[:, rarest]], minlength=folds)
    assert of_rarest.max() - of_rarest.min() <= 1
    assert (chosen == folds_of(labels, np.arange(30), folds, seed)).all()


def test_videos_that_are_the_same_are_held_out_together(training_set: TrainingSet) -> None:
    videos = training_set.videos
    twin = replace(videos[0], name="twin", values=videos[0].values[:].clone())
    same = same_features([*videos, twin])
    assert same.tolist() == [*range(len(videos)), 0]
    labels = np.vstack([training_set.label_matrix > 0, [[False, True]]])
    for seed in range(5):
        folds = folds_of(labels, same, 3, seed)
        assert folds[-1] == folds[0]
        assert set(folds) == {0, 1, 2}


def test_no_network_predicts_what_it_was_trained_on(
    training_set: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lpat_train.training import cross_fitting

    trained: list[set[str]] = []
    train = cross_fitting.train

    def watched(its: TrainingSet, *rest: object, **more: object) -> object:
        trained.append({video.name for video in its.videos})
        return train(its, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(cross_fitting, "train", watched)
    folds = folds_of(training_set.label_matrix > 0, np.arange(10), 3, 0)
    config = TrainingConfig(steps=24, hidden=16)
    told: list[tuple[int, int]] = []
    found = cross_fit(training_set, config, folds, CPU, lambda *done: told.append(done))
    names = np.array([video.name for video in training_set.videos])
    assert trained == [set(names[folds != fold]) for fold in range(3)]
    assert told == [(step, 24) for step in range(1, 25)]
    assert found.probabilities.shape == found.above.shape == (10, 2)
    assert (found.above >= 0).all()
    assert (found.above <= 1).all()
    assert found.false_alarms == 0.03
    assert found.snippets.tolist() == [len(video.values) for video in training_set.videos]


@pytest.mark.parametrize("method", METHOD_DEFAULTS)
def test_every_method_has_a_quick_config(method: str) -> None:
    config = changed(TrainingConfig(hold_out=0.2, patience=3), {"method": method}, "test")
    quick = quick_config(config)
    assert (quick.method, quick.members, quick.end_steps, quick.hold_out) == (method, 1, 0, 0.0)
    assert quick.steps == -(-config.steps // 3)
    assert quick_config(TrainingConfig()).context == "3"


def test_the_share_above_is_by_the_threshold_that_makes_the_segments() -> None:
    values = np.array([[0, 5], [1, 5], [2, 6], [10, 9]], np.float32)
    background = np.array([0.5, 0.5, 0.5, 20], np.float32)
    scores = Scores(("a", "b"), values, background, np.ones(3, np.float32), np.arange(5.0))
    assert share_above(scores, TrainingConfig()).tolist() == [0.5, 0.75]
    assert share_above(scores, TrainingConfig(threshold="manual")).tolist() == [0.25, 0.25]
