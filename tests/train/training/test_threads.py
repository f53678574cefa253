"""How many threads a network is trained with."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from lpat.types import Features, FeatureSpec
from lpat_train.cli import launch
from lpat_train.data.dataset import make_training_set
from lpat_train.presets import PRESETS
from lpat_train.training.loop import make_network, train
from lpat_train.training.threads import SMALL, largest_product, training_threads

CPU = torch.device("cpu")
SMALL_ONE = replace(PRESETS["lpat"], hidden=8)
LARGE_ONE = replace(SMALL_ONE, clip_snippets=1_000_000)


@pytest.fixture(autouse=True)
def many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch has three threads, of which the environment says nothing."""
    told = [3]
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(torch, "get_num_threads", lambda: told[-1])
    monkeypatch.setattr(torch, "set_num_threads", told.append)


@pytest.mark.parametrize(
    ("config", "device", "asked", "expected"),
    [
        (SMALL_ONE, CPU, 0, 1),
        (LARGE_ONE, CPU, 0, 3),
        (SMALL_ONE, CPU, 2, 2),
        (LARGE_ONE, CPU, 2, 2),
        (SMALL_ONE, torch.device("cuda"), 0, 3),
    ],
)
def test_a_small_network_takes_one_thread_unless_asked_otherwise(
    config, device: torch.device, asked: int, expected: int
) -> None:
    network = make_network(config, 12, 3)
    with training_threads(network, config, device, asked):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 3


def test_what_the_environment_says_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with training_threads(make_network(SMALL_ONE, 12, 3), SMALL_ONE, CPU):
        assert torch.get_num_threads() == 3


def test_the_threads_are_as_before_when_training_fails() -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        training_threads(make_network(SMALL_ONE, 12, 3), SMALL_ONE, CPU),
    ):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(
    ("preset", "dimension", "small"),
    [("lpat", 202, True), ("lpat", 2048, False), ("paper", 202, True), ("paper", 2048, False)],
)
def test_the_largest_product_decides_what_is_small(
    preset: str, dimension: int, small: bool
) -> None:
    config = PRESETS[preset]
    product = largest_product(make_network(config, dimension, 20), config)
    assert (product <= SMALL) == small


@pytest.mark.parametrize(("asked", "expected"), [(0, 1), (2, 2)])
def test_all_of_training_computes_with_them(asked: int, expected: int) -> None:
    spec, labels = FeatureSpec("random", 1, {}, 6), {"one": ("a",), "two": ("b",)}
    values = np.random.default_rng(0).standard_normal((9, 6), np.float32)
    features = {name: Features(values, spec, 9 * spec.snippet_seconds) for name in labels}
    seen: list[int] = []

    def note(*_: object) -> None:
        seen.append(torch.get_num_threads())

    config = replace(SMALL_ONE, steps=2, validate_every=1)
    train(
        make_training_set(features, labels), config, device=CPU, threads=asked,
        on_step=note, on_validation=note, on_ends=note,
    )  # fmt: skip
    assert len(seen) >= 4
    assert set(seen) == {expected}
    assert torch.get_num_threads() == 3


def test_a_command_lets_waiting_threads_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setattr(launch.app, "run", lambda *_, **__: None)
    launch.run(None)  # type: ignore[arg-type]
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    launch.run(None)  # type: ignore[arg-type]
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
