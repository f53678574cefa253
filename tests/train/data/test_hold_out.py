"""Held-out labels: who is held out, what is kept of a run, and when it stops."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.errors import UsageError
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.data.hold_out import held_out_rows, names_of, split
from lpat_train.network.base import Network
from lpat_train.training import loop
from lpat_train.training.checkpoint import load_best, load_best_so_far, read_run, write_run
from lpat_train.training.early_stopping import (
    Best,
    LabelJudgement,
    average_precision,
    is_over,
    judge_labels,
    validates_after,
)

CPU = torch.device("cpu")
CONFIG = TrainingConfig(
    steps=24, batch_size=3, hidden=16, clip_snippets=16, hold_out=0.3, validate_every=4, ends=0.0
)  # ends are learned after all that is judged here: tests/train/training/test_ends.py


def weights_of(network: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def one_hot(classes: list[int]) -> np.ndarray:
    return np.eye(max(classes) + 1, dtype=bool)[classes]


def test_each_class_gives_its_share() -> None:
    labels = one_hot([0] * 50 + [1] * 30 + [2] * 10)
    taken = held_out_rows(labels, 0.2, seed=0)
    assert labels[taken].sum(axis=0).tolist() == [10, 6, 2]


def test_the_seed_decides_who_is_held_out() -> None:
    labels = one_hot([0] * 20 + [1] * 20)
    first = held_out_rows(labels, 0.25, seed=1)
    assert (held_out_rows(labels, 0.25, seed=1) == first).all()
    assert (held_out_rows(labels, 0.25, seed=2) != first).any()


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 4), min_size=1), min_size=1, max_size=40),
    st.floats(0.01, 0.9),
    st.integers(0, 3),
)
def test_every_class_keeps_a_video_to_train_on(
    videos: list[set[int]], share: float, seed: int
) -> None:
    labels = np.array([[c in its for c in range(5)] for its in videos])
    taken = held_out_rows(labels, share, seed)
    assert (labels[~taken].any(axis=0) == labels.any(axis=0)).all()
    assert taken.sum() <= max(1, round(share * len(videos)))


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_videos_without_labels_stay_to_train_on_and_hold_no_other_out(share: float) -> None:
    labels = one_hot([0] * 10 + [1] * 10)
    more = np.concatenate([labels, np.zeros((30, 2), bool)])
    taken = held_out_rows(more, share, seed=0)
    assert taken.sum() == round(share * 20)
    assert more[taken].any(axis=1).all()


def test_a_set_without_two_videos_of_a_class_cannot_be_split(training_set: TrainingSet) -> None:
    few = replace(training_set, videos=training_set.videos[:2])
    with pytest.raises(UsageError, match="hold_out: expected a video whose labels others show"):
        split(few, 0.5, seed=0)


def test_without_a_share_nothing_is_held_out(training_set: TrainingSet) -> None:
    parts = split(training_set, 0, seed=0)
    assert parts.training is training_set
    assert parts.held_out == ()


def test_labels_are_judged_by_hand_worked_values() -> None:
    probabilities = np.array([[0.6, 0.2], [0.1, 0.3], [0.25, 0.25]])
    labels = np.array([[1, 0], [0, 1], [1, 1]], bool)
    judged = judge_labels(probabilities, labels)
    of_videos = [-np.log(0.75), -np.log(0.75), -np.log(0.5)]
    assert judged.cross_entropy == pytest.approx(np.mean(of_videos))
    assert judged.mean_average_precision == 1.0


def test_a_video_without_labels_is_not_judged() -> None:
    probabilities, labels = np.array([[0.6, 0.2], [0.1, 0.3]]), np.eye(2, dtype=bool)
    more = np.array([[0.0, 0.0], *probabilities]), np.array([[False, False], *labels])
    assert judge_labels(*more) == judge_labels(probabilities, labels)


def test_a_class_that_no_held_out_video_shows_has_no_part_in_the_mean() -> None:
    probabilities = np.array([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    judged = judge_labels(probabilities, np.array([[1, 0, 0], [0, 1, 0]], bool))
    assert judged.mean_average_precision == 0.5


def test_average_precision_is_the_mean_at_the_ranks_of_the_present() -> None:
    present = np.array([True, False, True])
    assert average_precision(np.array([0.9, 0.5, 0.1]), present) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_keeps_the_order_of_equal_scores() -> None:
    assert average_precision(np.zeros(2), np.array([True, False])) == 1.0
    assert average_precision(np.zeros(2), np.array([False, True])) == 0.5


def test_the_earlier_of_two_equals_is_best() -> None:
    best = Best().after(10, 0.5).after(20, 0.5)
    assert best == Best(10, 0.5, worse_since=1)
    assert best.after(30, 0.4) == Best(30, 0.4)


@pytest.mark.parametrize(
    ("worse", "patience", "over"), [(2, 3, False), (3, 3, True), (9, 0, False)]
)
def test_patience_ends_training(worse: int, patience: int, over: bool) -> None:
    config = replace(CONFIG, patience=patience)
    assert is_over(5, Best(1, 0.1, worse), config) is over
    assert is_over(config.steps, Best(), config)


def test_an_epoch_is_the_interval_where_none_is_given_but_never_a_short_one() -> None:
    config = replace(CONFIG, validate_every=0, steps=500)
    assert [step for step in range(1, 201) if validates_after(step, config, 80)] == [80, 160]
    assert [step for step in range(1, 111) if validates_after(step, config, 4)] == [50, 100]
    assert validates_after(500, config, 80)


def test_patience_without_held_out_videos_is_refused() -> None:
    with pytest.raises(UsageError, match="patience: expected hold_out above 0 too"):
        TrainingConfig(patience=3)


def history_of(
    training_set: TrainingSet, config: TrainingConfig, **more: object
) -> tuple[Network, dict[int, tuple[LabelJudgement, dict[str, bytes]]]]:
    """The trained network, and each validation's judgement and weights by its step."""
    seen = {}

    def note(step: int, network: Network, judgement: LabelJudgement | None) -> None:
        assert judgement is not None
        assert not network.training
        seen[step] = judgement, weights_of(network)

    network = loop.train(training_set, config, device=CPU, on_validation=note, **more)  # type: ignore[arg-type]
    return network, seen


def test_the_network_comes_back_as_it_predicted_held_out_labels_best(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    config = replace(CONFIG, learning_rate=0.05)  # so large that the last step isn't the best
    network, seen = history_of(training_set, config, folder=tmp_path)
    assert list(seen) == [4, 8, 12, 16, 20, 24]
    best = min(seen, key=lambda step: seen[step][0].cross_entropy)
    assert best < 24
    assert weights_of(network) == seen[best][1]
    kept = loop.make_network(config, 12, 2)
    assert load_best(tmp_path, kept) == best
    assert weights_of(kept) == seen[best][1]
    assert load_best_so_far(tmp_path).step == best


def test_held_out_videos_take_no_part_in_training(training_set: TrainingSet) -> None:
    parts = split(training_set, CONFIG.hold_out, CONFIG.seed)
    without = loop.train(parts.training, replace(CONFIG, hold_out=0.0), device=CPU)
    _, seen = history_of(training_set, CONFIG)
    assert seen[24][1] == weights_of(without)
    assert len(parts.held_out) == 3
    assert not {v.name for v in parts.held_out} & {v.name for v in parts.training.videos}


def test_training_stops_when_it_was_no_better_for_long(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    config = replace(CONFIG, learning_rate=0.05, patience=2, steps=400)
    network, seen = history_of(training_set, config, folder=tmp_path)
    assert max(seen) < 400
    assert max(seen) - load_best_so_far(tmp_path).step == 2 * config.validate_every
    again, seen_again = history_of(training_set, config, folder=tmp_path, resume=True)
    assert seen_again == {}  # it is over
    assert weights_of(again) == weights_of(network)


@pytest.mark.parametrize(("stop", "patience"), [(6, 3), (11, 3), (13, 3), (22, 0)])
def test_a_resumed_run_keeps_what_was_best_of_an_unbroken_one(
    training_set: TrainingSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: int,
    patience: int,
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_STEPS", 5)
    config = replace(CONFIG, learning_rate=0.05, patience=patience)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    unbroken = weights_of(loop.train(training_set, config, device=CPU, folder=whole))

    def interrupt(step: int, _: dict[str, float]) -> None:
        if step == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(training_set, config, device=CPU, folder=parts, on_step=interrupt)
    network = loop.train(training_set, config, device=CPU, folder=parts, resume=True)
    assert weights_of(network) == unbroken
    for name in ("checkpoint.safetensors", "best.safetensors"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


def test_the_best_state_is_what_gets_exported(training_set: TrainingSet, tmp_path: Path) -> None:
    config = replace(CONFIG, learning_rate=0.05)
    parts = split(training_set, config.hold_out, config.seed)
    write_run(tmp_path, config, parts.training, names_of(parts.held_out))
    network = loop.train(training_set, config, device=CPU, folder=tmp_path)
    run = read_run(tmp_path)
    assert run.videos == 7
    assert run.held_out == tuple(names_of(parts.held_out))
    assert weights_of(loop.load_network(run)) == weights_of(network)


def test_a_network_that_looks_away_from_padding_scores_held_out_videos_whole(
    training_set: TrainingSet,
) -> None:
    """The judgement is that of whole videos, not of windows as they are trained on."""
    short = replace(CONFIG, clip_snippets=8)
    _, seen = history_of(training_set, short)
    parts = split(training_set, short.hold_out, short.seed)
    network = loop.train(parts.training, replace(short, hold_out=0.0), device=CPU)
    with torch.no_grad():
        outputs = [network(video.values[:][None]) for video in parts.held_out]
    probabilities = torch.cat([network.probabilities(its)[:, :-1] for its in outputs])
    labels = torch.stack([video.labels for video in parts.held_out]).numpy() > 0
    assert judge_labels(probabilities.double().numpy(), labels) == seen[24][0]
