"""What is learned of ends: from which detections, to which weights, and how it is exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from lpat.errors import ModelError, UsageError
from lpat.localizer import Localizer
from lpat.model import model as model_module
from lpat.types import Detections, Features
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet
from lpat_train.data.hold_out import names_of, split
from lpat_train.errors import DivergenceError
from lpat_train.export.onnx_export import (
    export,
    export_reduced,
    largest_difference,
    metadata_of,
)
from lpat_train.network.base import ExportModule, Network
from lpat_train.presets import PRESETS
from lpat_train.training.checkpoint import Run, load_checkpoint, read_run, write_run
from lpat_train.training.ends import (
    NEAREST,
    distance_iou_loss,
    focal_loss,
    found_in,
    learn_ends,
    targets_of,
)
from lpat_train.training.loop import load_network, make_network, train

CPU = torch.device("cpu")
SMALL = TrainingConfig(steps=30, hidden=16, learning_rate=0.01)


def found(*detections: tuple[int, float, float, float]) -> Detections:
    """Detections (class, start, end, score), best first, of two classes."""
    columns = np.array(detections, np.float64).reshape(-1, 4)
    return Detections(("a", "b"), columns[:, 1:3], columns[:, 0].astype(np.int64), columns[:, 3])


def test_the_middle_half_of_an_instance_teaches_how_far_its_ends_are() -> None:
    classes, distances = targets_of(found((1, 2.0, 10.0, 1.0)), 12)
    assert classes[:, 0].sum() == 0
    assert classes[:, 1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]
    assert distances[4].tolist() == [2.5, 5.5]
    assert distances[7].tolist() == [5.5, 2.5]


def test_a_short_instance_teaches_at_its_nearest_snippet() -> None:
    classes, distances = targets_of(found((0, 3.6, 3.8, 1.0)), 6)
    assert classes[:, 0].tolist() == [0, 0, 0, 1, 0, 0]
    assert distances[3].tolist() == pytest.approx([NEAREST, 0.3])


def test_of_instances_that_overlap_the_better_one_teaches_the_ends() -> None:
    classes, distances = targets_of(found((0, 0.0, 8.0, 2.0), (1, 2.0, 6.0, 1.0)), 8)
    assert classes[3].tolist() == [1, 1]
    assert distances[3].tolist() == [3.5, 4.5]


def test_losses_are_those_of_their_papers() -> None:
    distances = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    wanted = torch.tensor([[3.0, 1.0], [2.0, 2.0]])
    # Segments [-1, 3) and [-3, 1): they share 2 of 6, and their centres are 2 apart.
    assert distance_iou_loss(distances, wanted).item() == pytest.approx(1 - 2 / 6 + (2 / 6) ** 2)
    logits, truth = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 0.0])
    chance = 1 / (1 + np.exp(-2))
    expected = 0.25 * 0.25 * np.log(2) + 0.75 * chance**2 * -np.log(1 - chance)
    assert focal_loss(logits, truth).item() == pytest.approx(expected)


@pytest.fixture(scope="module")
def trained_once(training_set: TrainingSet) -> Network:
    return train(training_set, SMALL, device=CPU)


@pytest.fixture
def trained(trained_once: Network) -> Network:
    """A trained network that the test may change."""
    return deepcopy(trained_once)


def test_only_good_detections_of_a_videos_own_labels_teach(
    trained: Network, training_set: TrainingSet
) -> None:
    options, many = SMALL.post_processing(), 0
    for video in training_set.videos:
        its = found_in(trained, training_set.classes, video, options)
        many += len(its)
        for number in set(its.labels.tolist()):
            assert video.labels[number] > 0
            own = its.scores[its.labels == number]
            assert own.min() >= 0.5 * own.max() > 0
            segments = its.segments[its.labels == number]
            order = np.argsort(segments[:, 0])
            assert (segments[order][1:, 0] >= segments[order][:-1, 1]).all()
    assert many
    nothing = replace(training_set.videos[0], labels=torch.zeros(2))
    assert not len(found_in(trained, training_set.classes, nothing, options))


def test_ends_change_no_other_weight_and_a_seed_decides_them(training_set: TrainingSet) -> None:
    with_ends, again = (train(training_set, SMALL, device=CPU) for _ in range(2))
    without = train(training_set, replace(SMALL, ends=0.0), device=CPU)
    assert without.ends is None
    states = with_ends.state_dict(), again.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    others = {name: value for name, value in states[0].items() if not name.startswith("ends.")}
    assert others.keys() == without.state_dict().keys()
    for name, value in without.state_dict().items():
        assert torch.equal(value, others[name]), name


def test_a_snippet_in_an_instance_tells_what_it_was_taught(training_set: TrainingSet) -> None:
    network = train(training_set, replace(SMALL, steps=100, ends=3.0), device=CPU)
    assert network.ends is not None
    errors = []
    with torch.no_grad():
        for video in training_set.videos:
            its = found_in(network, training_set.classes, video, SMALL.post_processing())
            classes, wanted = targets_of(its, len(video.values))
            logits, distances = network.ends(video.values[:][None])
            taught = classes.any(dim=1)
            errors.append((distances[0] - wanted)[taught].abs().flatten())
            assert logits[0][classes > 0].mean() > logits[0][classes == 0].mean() + 2
    assert torch.cat(errors).median() < 0.75


def test_each_step_is_told(trained: Network, training_set: TrainingSet) -> None:
    told: list[tuple[int, int]] = []
    learn_ends(trained, training_set, replace(SMALL, steps=3), lambda *its: told.append(its))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_network_that_finds_nothing_teaches_nothing(training_set: TrainingSet) -> None:
    config = replace(SMALL, proposals="runs", false_alarms=0.0)
    network = make_network(config, 12, 2).eval()
    with torch.no_grad():
        network.classifier.weight.zero_()  # pyright: ignore
        network.classifier.bias.zero_()  # pyright: ignore
    assert learn_ends(network, training_set, config) is None


def test_a_loss_without_end_is_named(trained: Network, training_set: TrainingSet) -> None:
    with pytest.raises(DivergenceError, match="learning ends diverged"):
        learn_ends(trained, training_set, replace(SMALL, learning_rate=1e30))


def run_in(folder: Path, training_set: TrainingSet, config: TrainingConfig) -> Run:
    folder.mkdir()
    write_run(folder, config, training_set, ())
    return read_run(folder)


def test_a_run_keeps_its_ends_and_one_that_is_resumed_learns_the_same(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    network = train(training_set, SMALL, device=CPU, folder=run.folder)
    loaded = load_network(run)
    assert loaded.ends is not None
    resumed = train(training_set, SMALL, device=CPU, folder=run.folder, resume=True)
    for other in (loaded, resumed):
        for name, value in network.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_the_best_state_is_kept_with_its_ends_and_a_resumed_run_ends_alike(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    config = replace(SMALL, hold_out=0.3, validate_every=5)
    parts = split(training_set, config.hold_out, config.seed)
    folder = tmp_path / "run"
    folder.mkdir()
    write_run(folder, config, parts.training, tuple(names_of(parts.held_out)))
    network = train(training_set, config, device=CPU, folder=folder)
    loaded = load_network(read_run(folder))
    resumed = train(training_set, config, device=CPU, folder=folder, resume=True)
    assert network.ends is not None
    for other in (loaded, resumed):
        for name, value in network.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_a_run_of_before_has_none(training_set: TrainingSet, tmp_path: Path) -> None:
    config = replace(SMALL, ends=0.0)
    run = run_in(tmp_path / "run", training_set, config)
    train(training_set, config, device=CPU, folder=run.folder)
    network = make_network(SMALL, 12, 2)
    load_checkpoint(run.folder, network)
    assert network.ends is None


def test_a_run_whose_config_knows_nothing_of_ends_learns_none(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    path = run.folder / "config.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(its for its in lines if not its.startswith("ends ")), "utf-8")
    assert read_run(run.folder).config == replace(SMALL, ends=0.0)


def test_a_run_that_is_stopped_while_it_learns_ends_has_its_level(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    def stop(done: int, steps: int) -> None:
        raise KeyboardInterrupt

    run = run_in(tmp_path / "run", training_set, SMALL)
    with pytest.raises(KeyboardInterrupt):
        train(training_set, SMALL, device=CPU, folder=run.folder, on_ends=stop)
    network = load_network(run)
    assert network.ends is None
    assert network.level is not None
    assert network.level.calibrated
    resumed = train(training_set, SMALL, device=CPU, folder=run.folder, resume=True)
    whole = train(training_set, SMALL, device=CPU)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_fraction_of_a_step_is_one_and_too_many_are_refused() -> None:
    assert replace(SMALL, ends=0.001).end_steps == 1
    with pytest.raises(UsageError, match="ends: expected 0 to 100, not 1e"):
        replace(SMALL, ends=1e308)


def test_an_exported_model_tells_ends_in_windows_as_in_one(
    training_set: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    network = train(training_set, SMALL, device=CPU, folder=run.folder)
    path = tmp_path / "model.onnx"
    export(network, metadata_of(run), path)
    graph = onnx.load(path).graph
    assert [its.name for its in graph.output][3:] == ["chances", "distances"]
    standardising = [n for n in graph.node if n.op_type == "Sub" and n.input[0] == "features"]
    assert not standardising  # as it is folded into both first layers
    localizer = Localizer(path, "cpu")
    assert largest_difference(ExportModule(network), localizer) < 1e-4
    values = np.random.default_rng(0).normal(size=(300, 12)).astype(np.float32)
    features = Features(values, run.spec, 300 * run.spec.snippet_seconds)
    whole = localizer.score(features).ends
    monkeypatch.setattr(model_module, "WINDOW", 50)
    parts = localizer.score(features).ends
    assert whole is not None
    assert parts is not None
    np.testing.assert_allclose(parts.chances, whole.chances, atol=1e-6)
    np.testing.assert_allclose(parts.distances, whole.distances, atol=1e-5)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_reduced_model_tells_nearly_the_same_ends(
    trained: Network, training_set: TrainingSet, tmp_path: Path, precision
) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    full, reduced = tmp_path / "full.onnx", tmp_path / "reduced.onnx"
    export(trained, metadata_of(run), full)
    features = [
        Features(video.values[:].numpy(), run.spec, len(video.values) * run.spec.snippet_seconds)
        for video in training_set.videos
    ]

    def videos() -> Iterator[tuple[str, Features]]:
        yield from ((str(number), its) for number, its in enumerate(features))

    metadata = replace(metadata_of(run), precision=precision)
    export_reduced(trained, metadata, reduced, videos)
    for its in features:
        expected, told = (Localizer(path, "cpu").score(its).ends for path in (full, reduced))
        assert expected is not None
        assert told is not None
        assert np.abs(told.chances - expected.chances).mean() < 0.05
        assert np.abs(told.distances - expected.distances).mean() < 0.3


def test_a_file_with_half_of_the_ends_is_refused(training_set: TrainingSet, tmp_path: Path) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    network = train(training_set, SMALL, device=CPU, folder=run.folder)
    path = tmp_path / "model.onnx"
    export(network, metadata_of(run), path)
    model = onnx.load(path)
    del model.graph.output[4]
    onnx.save(model, path)
    with pytest.raises(ModelError, match="with or without chances and distances"):
        Localizer(path, "cpu")


def test_ends_that_are_none_are_refused(
    training_set: TrainingSet, trained: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_in(tmp_path / "run", training_set, SMALL)
    path = tmp_path / "model.onnx"
    export(trained, metadata_of(run), path)
    localizer = Localizer(path, "cpu")
    computed = localizer.session.run
    changes: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
        r"chances \(9, 2\) and distances \(9, 2\), not": lambda c, d: (c[:, :-1], d),
        "distances of 0 or more, but the model gives -2": lambda c, d: (c, d * 0 - 2),
        "chances of 0 to 1, but the model gives 1.5": lambda c, d: (c * 0 + 1.5, d),
        "chances of 0 to 1, but the model gives -1": lambda c, d: (c * 0 - 1, d),
        "": lambda c, d: (c * 0 - 1e-6, d * 0 - 1e-6),  # as rounding may make them
    }
    features = Features(np.zeros((9, 12), np.float32), run.spec, 9 * run.spec.snippet_seconds)
    for message, change in changes.items():

        def changed(_: Any, *arguments: Any, change: Any = change) -> list[Any]:
            outputs = computed(*arguments)
            return [*outputs[:3], *change(*outputs[3:])]

        monkeypatch.setattr(type(localizer.session), "run", changed)
        if not message:
            ends = localizer.score(features).ends
            assert ends is not None
            assert not ends.chances.any()
            assert not ends.distances.any()
            continue
        with pytest.raises(ModelError, match=f"expected {message}"):
            localizer.score(features)


def test_the_papers_own_settings_learn_no_ends() -> None:
    assert PRESETS["paper"].end_steps == 0
    assert PRESETS["lpat"].end_steps == 300
    assert replace(PRESETS["lpat"], method="wtalc", members=1, context="3").end_steps == 0
