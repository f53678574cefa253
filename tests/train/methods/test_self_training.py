"""Self-training: the threshold that parts a teacher's margins, the loss, the teacher itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from lpat.types import Features, FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.export.onnx_export import export, metadata_of
from lpat_train.methods.lpat import LPAT
from lpat_train.methods.self_training import DECAY, Teacher, self_training_loss, two_means_threshold
from lpat_train.presets import PRESETS
from lpat_train.training import loop
from lpat_train.training.checkpoint import read_run, write_run


def naive_threshold(values: np.ndarray) -> float:
    """The middle of the neighbours between which the sum of both sides' squares is least."""
    ordered = np.sort(values.astype(np.float64))
    within = [
        sum(((side - side.mean()) ** 2).sum() for side in np.split(ordered, [count]))
        for count in range(1, len(ordered))
    ]
    first = int(np.argmin(within))
    return float((ordered[first] + ordered[first + 1]) / 2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0, 9.0, 10.0], 5.0),
        ([-3.0, 3.0], 0.0),
        ([10.0, 0.0, 0.0, 0.0], 5.0),
        ([4.0], 4.0),
        ([2.0, 2.0, 2.0], 2.0),
        ([], 0.0),
    ],
)
def test_the_threshold_parts_values_into_two_groups(values: list[float], expected: float) -> None:
    assert two_means_threshold(torch.tensor(values)).item() == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_leaves_the_least_variance_on_both_sides(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(-2, 1, 40), random.normal(2, 0.5, 15)])
    got = two_means_threshold(torch.from_numpy(values.astype(np.float32))).item()
    assert got == pytest.approx(naive_threshold(values), abs=1e-5)


def test_gates_of_labelled_classes_learn_what_the_teacher_finds() -> None:
    teacher = torch.tensor([[[5.0, 9.0], [1.0, 9.0], [6.0, 9.0], [99.0, 9.0]]])
    labels = torch.tensor([[1.0, 0.0]])
    mask = torch.tensor([[True, True, True, False]])
    scores = torch.tensor([[[2.0, 0.0], [0.5, 0.0], [-1.0, 0.0], [0.0, 0.0]]], requires_grad=True)
    background = torch.full((1, 4), 0.5)
    loss = self_training_loss(scores, background, teacher, labels, mask)
    margins, found = np.array([1.5, 0.0, -1.5]), np.array([1, 0, 1])
    gates = 1 / (1 + np.exp(-margins))
    expected = -(found * np.log(gates) + (1 - found) * np.log(1 - gates)).mean()
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert scores.grad is not None
    assert (scores.grad[..., 1] == 0).all()  # not a label
    assert (scores.grad[:, 3] == 0).all()  # padding
    assert [value < 0 for value in scores.grad[0, :3, 0].tolist()] == [True, False, True]


def test_videos_without_labels_are_taught_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    scores, teacher = (torch.randn(3, 4, 2, generator=random) for _ in range(2))
    background, mask = torch.zeros(3, 4), torch.ones(3, 4, dtype=torch.bool)
    labels = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    parts = (scores, background, teacher, labels, mask)
    shown = [part[[0, 2]] for part in parts]
    torch.testing.assert_close(self_training_loss(*parts), self_training_loss(*shown))
    assert self_training_loss(*(part[1:2] for part in parts)) == 0


def test_the_teacher_starts_as_the_network_and_follows_slowly() -> None:
    torch.manual_seed(0)
    network = LPAT(3, 2, hidden=4)
    teacher = Teacher(network)
    start = network.classifier.weight.detach().clone()
    with torch.no_grad():
        network.classifier.weight.add_(1.0)
    teacher.follow(network, anew=False)
    weight = teacher.network.state_dict()["classifier.weight"]
    torch.testing.assert_close(weight, start + 1 - DECAY)
    teacher.follow(network, anew=True)
    assert torch.equal(weight, network.classifier.weight)
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def test_teaching_begins_after_its_share_of_the_steps() -> None:
    config = TrainingConfig(steps=10, self_training=1.0, self_training_start=0.35)
    assert [config.teaches(step) for step in (-1, 3, 4, 9)] == [False, False, True, True]
    assert not TrainingConfig().teaches(299)
    always = TrainingConfig(self_training=1.0, self_training_start=0.0)
    assert [config.teaches(step) for config, step in ((always, -1), (always, 0))] == [False, True]


SMALL = replace(
    PRESETS["lpat-x"], self_training=1.0, steps=12, hidden=8, members=2, self_training_start=0.3
)


def training_set() -> TrainingSet:
    """Eight videos of one of two classes, whose own dimension rises for five snippets."""
    random, spec = np.random.default_rng(0), FeatureSpec("motion", 1, {}, 6)
    features, labels = {}, {}
    for number in range(8):
        values = random.normal(size=(20, 6)).astype(np.float32)
        values[3:8, number % 2] += 4
        features[f"v{number}"] = Features(values, spec, 20 * spec.snippet_seconds)
        labels[f"v{number}"] = ("ab"[number % 2],)
    return make_training_set(features, labels)


def test_a_run_stopped_while_it_is_taught_resumes_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_STEPS", 6)
    learned: list[dict[str, float]] = []

    def stop(step: int, losses: dict[str, float]) -> None:
        learned.append(losses)
        if step == 8:
            raise KeyboardInterrupt

    cpu = torch.device("cpu")
    unbroken = loop.train(training_set(), SMALL, device=cpu)
    with pytest.raises(KeyboardInterrupt):
        loop.train(training_set(), SMALL, device=cpu, folder=tmp_path, on_step=stop)
    assert ["self_training" in losses for losses in learned] == [False] * 4 + [True] * 4
    resumed = loop.train(training_set(), SMALL, device=cpu, folder=tmp_path, resume=True)
    for name, value in unbroken.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_the_teacher_is_not_exported(tmp_path: Path) -> None:
    examples = training_set()
    write_run(tmp_path, SMALL, examples)
    network = loop.train(examples, SMALL, device=torch.device("cpu"), folder=tmp_path)
    run = read_run(tmp_path)
    difference = export(loop.load_network(run), metadata_of(run), tmp_path / "model.onnx")
    assert difference < 1e-4
    graph = onnx.load(tmp_path / "model.onnx").graph
    exported = sum(int(np.prod(tensor.dims)) for tensor in graph.initializer)
    own = [value for name, value in network.state_dict().items() if "teacher" not in name]
    assert exported < 1.1 * sum(value.numel() for value in own) + 100
