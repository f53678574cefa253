"""Which of motion and appearance a network heeds is what tells held-out videos apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.network.test_reduction import OWN, WIDE, spec_of

from lpat.types import Features
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.training.heeding import can_choose, choose_heeded
from lpat_train.training.loop import make_network, train

CPU = torch.device("cpu")
CONFIG = TrainingConfig(steps=90, hidden=16, members=1, context="1", ends=0.0, learning_rate=0.02)


def told_by(part: slice) -> TrainingSet:
    """Videos whose classes show in a part of the features, beside noise; in the other, each video
    is a place of its own."""
    features, labels = {}, {}
    for number in range(18):
        random = np.random.default_rng(number)
        values = random.normal(size=(20, OWN + WIDE)).astype(np.float32)
        place = random.normal(size=OWN + WIDE).astype(np.float32)
        place[part] = 0
        values += 8 * place
        values[5:10, part] += 6 if number % 2 else -6
        name = f"v{number:02}"
        features[name] = Features(values, spec_of(WIDE), 20 * 0.64)
        labels[name] = ("ab"[number % 2],)
    return make_training_set(features, labels)


@pytest.mark.parametrize(
    ("part", "heeds"), [(slice(None, OWN), "motion"), (slice(OWN, None), "both")]
)
def test_what_predicts_held_out_labels_is_heeded(part: slice, heeds: str) -> None:
    training_set = told_by(part)
    assert can_choose(training_set, CONFIG)
    told: list[tuple[int, int]] = []
    chosen = choose_heeded(training_set, CONFIG, CPU, lambda *done: told.append(done))
    assert chosen.heeds == heeds
    assert max(chosen.motion, chosen.both) > 0.9
    assert told == [(step, 180) for step in range(1, 181)]
    assert str(chosen).endswith({"motion": "heeds motion alone", "both": "heeds both"}[heeds])


def test_a_network_that_heeds_motion_alone_scores_any_appearance_alike() -> None:
    training_set = told_by(slice(None, OWN))
    network = train(training_set, replace(CONFIG, steps=3, heeds="motion"), device=CPU)
    values = training_set.videos[0].values[:][None]
    other = values.clone()
    other[..., OWN:] = 7
    assert torch.equal(network.standardised(values), network.standardised(other))
    assert network.standardised(values).shape == (1, 20, OWN)


def test_there_is_nothing_to_choose_without_two_parts_or_where_it_is_said(
    training_set: TrainingSet,
) -> None:
    both = told_by(slice(None, OWN))
    assert not can_choose(training_set, CONFIG)
    assert not can_choose(both, replace(CONFIG, heeds="both"))
    assert not can_choose(replace(both, videos=both.videos[:2]), CONFIG)
    assert make_network(CONFIG, both.spec, 2).reduction is None
