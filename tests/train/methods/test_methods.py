"""Every method through the same body: what each must do, whatever its formulas are."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tests.train.batches import make_batch

from lpat.cli import detect
from lpat.localizer import Localizer as OnnxLocalizer
from lpat.types import FeatureSpec
from lpat_train.cli import export, train
from lpat_train.config import MethodName, TrainingConfig
from lpat_train.data.dataset import TrainingSet, TrainingVideo
from lpat_train.export.onnx_export import largest_difference
from lpat_train.methods import METHODS
from lpat_train.network.base import ExportModule, Network
from lpat_train.presets import METHOD_DEFAULTS, changed
from lpat_train.training import loop
from lpat_train.training.checkpoint import read_run

CPU = torch.device("cpu")
SPEC = FeatureSpec("motion", 1, {}, 6)
LENGTHS = (1, 2, 7, 12)
each_method = pytest.mark.parametrize("method", METHODS)


def config_of(method: MethodName, **values: object) -> TrainingConfig:
    small = {"hidden": 16, "batch_size": 4, "steps": 12, "learning_rate": 0.02}
    return changed(TrainingConfig(), {"method": method, **small, **values}, "here")


def network_of(method: MethodName) -> Network:
    network = loop.make_network(config_of(method), SPEC.dimension, 3)
    network.fit_standardisation(torch.randn(50, SPEC.dimension) * 3 + 1)
    return network.eval()


def separable_set(videos: int = 12) -> TrainingSet:
    """Videos of one class each, whose own dimension rises in the middle."""
    random = np.random.default_rng(0)
    made = []
    for number in range(videos):
        label = number % 3
        values = random.normal(scale=0.3, size=(int(random.integers(6, 14)), SPEC.dimension))
        values[2:5, label] += 4
        present = torch.eye(3)[label]
        made.append(TrainingVideo(f"v{number}", torch.from_numpy(values).float(), present))
    return TrainingSet(("a", "b", "c"), SPEC, tuple(made))


def weights_of(network: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def test_the_config_knows_every_method_and_no_other() -> None:
    assert set(METHODS) == set(get_args(MethodName)) == set(METHOD_DEFAULTS)


@each_method
def test_a_video_scores_the_same_alone_and_in_a_batch(method: MethodName) -> None:
    network = network_of(method)
    videos = [torch.randn(length, SPEC.dimension) * 2 for length in LENGTHS]
    batch = make_batch(videos, [torch.ones(3)] * len(videos))
    together = network(batch.features, batch.mask)
    probabilities = network.probabilities(together)
    for row, video in enumerate(videos):
        alone = network(video[None])
        real = slice(0, len(video))
        torch.testing.assert_close(together.scores[row, real], alone.scores[0])
        torch.testing.assert_close(together.background[row, real], alone.background[0])
        torch.testing.assert_close(probabilities[row], network.probabilities(alone)[0])


@each_method
def test_padding_does_not_reach_the_losses(method: MethodName) -> None:
    network, config = network_of(method), config_of(method)
    videos = [torch.randn(length, SPEC.dimension) for length in (3, 5)]
    batch = make_batch(videos, [torch.tensor([1.0, 1.0, 0.0])] * 2)
    longer = make_batch([*videos, torch.randn(9, SPEC.dimension)], [torch.ones(3)] * 3)
    same = replace(batch, features=longer.features[:2], mask=longer.mask[:2])
    same.features[~same.mask] = 7.0
    losses = METHODS[method].losses
    expected = losses(network(batch.features, batch.mask), batch, config)
    got = losses(network(same.features, same.mask), same, config)
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, msg=name)


@each_method
def test_shapes_are_those_of_the_exported_model(method: MethodName) -> None:
    with torch.no_grad():
        outputs = ExportModule(network_of(method))(torch.randn(2, 5, SPEC.dimension))
    assert [tuple(output.shape) for output in outputs] == [(2, 5, 3), (2, 5), (2, 4)]
    assert all(torch.isfinite(output).all() for output in outputs)
    assert (outputs[2] >= 0).all()
    assert (outputs[2] <= 1).all()


@each_method
def test_thirty_steps_learn_what_can_be_separated(method: MethodName) -> None:
    training_set, totals = separable_set(), []
    network = loop.train(
        training_set, config_of(method, steps=30, dropout=0.5), device=CPU,
        on_step=lambda _, losses: totals.append(losses["total"]),
    )  # fmt: skip
    assert np.isfinite(totals).all()
    assert np.mean(totals[-5:]) < np.mean(totals[:5])
    localizer = ExportModule(network)
    for video in training_set.videos:
        with torch.no_grad():
            scores, _, probabilities, *_ = localizer(video.values[None])
        label = int(video.labels.argmax())
        assert int(probabilities[0, :3].argmax()) == label
        outside = [*range(2), *range(5, len(video.values))]
        assert scores[0, 2:5, label].mean() > scores[0, outside, label].mean()


@each_method
def test_gradients_are_finite_where_videos_have_one_snippet(method: MethodName) -> None:
    config = config_of(
        method, **({"casl": 1.0, "members": 1, "context": "3"} if method == "lpat" else {})
    )
    network = loop.make_network(config, SPEC.dimension, 3)
    batch = make_batch([torch.zeros(1, SPEC.dimension)] * 2, [torch.tensor([1.0, 0.0, 1.0])] * 2)
    output = network(batch.features, batch.mask)
    METHODS[method].losses(output, batch, config)["total"].backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name


def set_with_empty_videos() -> TrainingSet:
    """The separable videos, among others of noise without labels."""
    random, known = np.random.default_rng(1), separable_set()
    empty = [
        TrainingVideo(f"e{i}", torch.from_numpy(random.normal(size=(8, 6))).float(), torch.zeros(3))
        for i in range(4)
    ]
    return replace(known, videos=(*empty[:2], *known.videos, *empty[2:]))


@each_method
def test_videos_without_labels_train_a_method_that_learns_absence_and_no_other(
    method: MethodName,
) -> None:
    learns = METHODS[method].learns_absence
    assert learns == (method in {"lpat", "stpn", "hide-and-seek"})
    config = config_of(method, batch_size=1)  # so that some batches have no label
    losses: list[float] = []
    network = loop.train(
        set_with_empty_videos(), config, device=CPU,
        on_step=lambda _, its: losses.append(its["total"]),
    )  # fmt: skip
    assert np.isfinite(losses).all()
    without = weights_of(loop.train(separable_set(), config, device=CPU))
    assert (weights_of(network) == without) != learns


@each_method
def test_a_resumed_run_ends_at_the_weights_of_an_unbroken_one(
    method: MethodName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_STEPS", 5)
    training_set, config = separable_set(), config_of(method)
    unbroken = weights_of(loop.train(training_set, config, device=CPU))

    def stop(step: int, _: dict[str, float]) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(training_set, config, device=CPU, folder=tmp_path, on_step=stop)
    network = loop.train(training_set, config, device=CPU, folder=tmp_path, resume=True)
    assert weights_of(network) == unbroken


@each_method
def test_a_trained_run_is_exported_and_detects(
    method: MethodName, dataset: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    features, annotations = dataset(6, 2)

    def invoke(command, *arguments: object) -> int:
        texts = [*map(str, arguments)]
        result = CliRunner().invoke(command, texts, standalone_mode=False, catch_exceptions=False)
        return result.return_value

    run, model = tmp_path / "run", tmp_path / "model.onnx"
    trained = invoke(
        train.command, features, "--annotations", annotations, "--method", method,
        "--steps", 4, "--hidden", 8, "--device", "cpu", "--no-cache", "--output", run,
    )  # fmt: skip
    assert trained == 0
    assert f'method = "{method}"' in (run / "config.toml").read_text(encoding="utf-8")
    assert invoke(export.command, model, "--run", run) == 0  # refuses where ONNX isn't torch
    found, config = loop.load_network(read_run(run)), read_run(run).config
    exported = OnnxLocalizer(model, "cpu")
    assert exported.metadata.training["config"]["method"] == method
    assert exported.metadata.post_processing == config.post_processing()
    assert exported.metadata.post_processing.threshold == config_of(method).threshold
    assert largest_difference(ExportModule(found), exported) < 1e-4
    assert invoke(detect.command, model, features, "--output", tmp_path / "out") == 0
    assert (tmp_path / "out" / "detections.json").is_file()
