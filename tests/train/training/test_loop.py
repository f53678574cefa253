"""Training: what may influence it, what must not, and how it goes on after a stop."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lpat.annotations.reading import read_annotations
from lpat.errors import AnnotationError, FeatureError, UsageError
from lpat.features.files import read_features
from lpat.files.json_files import write_json
from lpat.inputs import find_inputs
from lpat.types import Features, FeatureSpec
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingSet, labelled, make_training_set, match_inputs
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.training import loop
from lpat_train.training.checkpoint import load_checkpoint, save_checkpoint

CPU = torch.device("cpu")
SPEC = FeatureSpec("motion", 1, {}, 6)
CONFIG = TrainingConfig(steps=12, batch_size=3, hidden=16, clip_snippets=16)
COUNTING = replace(CONFIG, method="3c-net", clip_snippets=40)


def training_set_of(folder: Path, annotations: Path) -> TrainingSet:
    read = read_annotations(annotations)
    labels, counts = read.labels_by_video("training"), read.counts_by_video("training")
    inputs = match_inputs(find_inputs([folder]), labels)
    return make_training_set({s.name: read_features(s.file) for s in inputs}, labels, counts)


def weights_of(network: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


@pytest.fixture
def training_set(dataset: Callable[..., tuple[Path, Path]]) -> TrainingSet:
    return training_set_of(*dataset())


@pytest.mark.parametrize("config", [CONFIG, COUNTING], ids=["lpat", "3c-net"])
def test_segment_times_cannot_influence_training(
    dataset, tmp_path: Path, config: TrainingConfig
) -> None:
    folder, annotations = dataset()
    document = json.loads(annotations.read_text(encoding="utf-8"))
    document["database"]["v4"]["annotations"] = []  # nothing happens in it
    write_json(annotations, document)
    before = weights_of(loop.train(training_set_of(folder, annotations), config, device=CPU))
    random = np.random.default_rng(0)
    for entry in document["database"].values():
        for annotation in entry["annotations"]:
            start, end = np.sort(random.uniform(0, entry["duration"], 2))
            annotation["segment"] = [float(start), float(end) + 0.1]
    shuffled = tmp_path / "shuffled.json"
    write_json(shuffled, document)
    after = weights_of(loop.train(training_set_of(folder, shuffled), config, device=CPU))
    assert before == after


def test_counts_reach_the_method_that_counts_and_no_other(dataset, tmp_path: Path) -> None:
    folder, annotations = dataset()
    document = json.loads(annotations.read_text(encoding="utf-8"))
    for entry in document["database"].values():
        entry["labels"] = [annotation["label"] for annotation in entry.pop("annotations")]
    labels_alone = tmp_path / "labels.json"
    write_json(labels_alone, document)
    for entry in document["database"].values():
        entry["counts"] = dict.fromkeys(entry["labels"], 1)
    counted = tmp_path / "counts.json"
    write_json(counted, document)

    def trained(path: Path, config: TrainingConfig) -> dict[str, bytes]:
        return weights_of(loop.train(training_set_of(folder, path), config, device=CPU))

    assert trained(annotations, COUNTING) == trained(counted, COUNTING)
    assert trained(labels_alone, COUNTING) != trained(counted, COUNTING)
    assert trained(labels_alone, CONFIG) == trained(counted, CONFIG)


def test_the_counts_of_a_window_are_unknown(dataset) -> None:
    videos = training_set_of(*dataset()).videos  # of 20 snippets and more
    for longest, known in ((100, True), (16, False)):
        batch = batch_of(clips_at(0, videos, batch_size=4, clip_snippets=longest, seed=0))
        assert batch.counts is not None
        assert (batch.counts[batch.labels == 0] == 0).all()
        shown = batch.counts[batch.labels > 0]
        assert (shown == 1).all() if known else shown.isnan().all()


def test_labels_do_influence_training(dataset, tmp_path: Path) -> None:
    folder, annotations = dataset()
    before = weights_of(loop.train(training_set_of(folder, annotations), CONFIG, device=CPU))
    document = json.loads(annotations.read_text(encoding="utf-8"))
    document["database"]["v0"] = {"subset": "training", "labels": ["b"]}
    changed = tmp_path / "changed.json"
    write_json(changed, document)
    assert weights_of(loop.train(training_set_of(folder, changed), CONFIG, device=CPU)) != before


def test_a_seed_decides_everything(training_set: TrainingSet) -> None:
    first = weights_of(loop.train(training_set, CONFIG, device=CPU))
    torch.randn(7)  # whatever else drew random numbers meanwhile
    assert weights_of(loop.train(training_set, CONFIG, device=CPU)) == first
    other = TrainingConfig(**{**CONFIG.__dict__, "seed": 1})
    assert weights_of(loop.train(training_set, other, device=CPU)) != first


def test_a_resumed_run_ends_at_the_very_weights_of_an_unbroken_one(
    training_set: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_STEPS", 5)
    unbroken = weights_of(loop.train(training_set, CONFIG, device=CPU))

    def stop_at_seven(step: int, _: dict[str, float]) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.train(training_set, CONFIG, device=CPU, folder=tmp_path, on_step=stop_at_seven)
    steps: list[int] = []
    network = loop.train(
        training_set, CONFIG, device=CPU, folder=tmp_path, resume=True,
        on_step=lambda step, _: steps.append(step),
    )  # fmt: skip
    assert steps == list(range(6, 13))
    assert weights_of(network) == unbroken


def test_training_learns_the_labels(training_set: TrainingSet) -> None:
    history: list[float] = []
    config = TrainingConfig(steps=300, batch_size=5, hidden=32, learning_rate=1e-3)
    loop.train(
        training_set, config, device=CPU, on_step=lambda _, its: history.append(its["top_k"])
    )
    assert np.mean(history[-10:]) < 0.7 * np.mean(history[:10])


def test_a_loss_that_is_not_finite_stops_training(training_set: TrainingSet) -> None:
    config = TrainingConfig(steps=30, hidden=16, learning_rate=1e30)
    with pytest.raises(loop.DivergenceError, match="training diverged at step"):
        loop.train(training_set, config, device=CPU)


def test_every_epoch_takes_each_video_once(training_set: TrainingSet) -> None:
    videos = training_set.videos
    per_epoch = -(-len(videos) // 3)
    orders = []
    for epoch in range(2):
        sizes = [
            batch_of(clips_at(step, videos, batch_size=3, clip_snippets=99, seed=0)).features
            for step in range(epoch * per_epoch, (epoch + 1) * per_epoch)
        ]
        first_rows = [tuple(row[0].tolist()) for batch in sizes for row in batch]
        assert sorted(first_rows) == sorted(tuple(v.values[0].tolist()) for v in videos)
        orders.append(first_rows)
    assert orders[0] != orders[1]


def test_long_videos_come_as_windows(training_set: TrainingSet) -> None:
    batch = batch_of(clips_at(0, training_set.videos, batch_size=4, clip_snippets=8, seed=0))
    assert batch.features.shape[1] == 8


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    small = loop.make_network(CONFIG, 5, 2)
    save_checkpoint(tmp_path, small, torch.optim.Adam(small.parameters()), 1)
    with pytest.raises(UsageError, match="doesn't hold this network"):
        load_checkpoint(tmp_path, loop.make_network(CONFIG, 6, 2))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    network = loop.make_network(CONFIG, 6, 2)
    save_checkpoint(tmp_path, network, torch.optim.Adam(network.parameters()), 1)
    assert load_checkpoint(tmp_path, network) == 1
    path = tmp_path / "checkpoint.safetensors"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1  # of a weight
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"checkpoint\.safetensors: damaged: its numbers are not"):
        load_checkpoint(tmp_path, network)


def test_a_broken_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\x80\x04 not safetensors")
    with pytest.raises(UsageError, match="doesn't hold this network"):
        load_checkpoint(tmp_path, loop.make_network(CONFIG, 6, 2))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"v0": ("a",), "nowhere": ("a",)}, "1 of 2 annotated videos have no file.*'nowhere'"),
        ({"nowhere": ("a",)}, "1 of 1 annotated videos have no file"),
    ],
)
def test_labels_that_do_not_match_the_files_are_refused(dataset, labels, message: str) -> None:
    folder, _ = dataset(2, 0)
    with pytest.raises(AnnotationError, match=message):
        match_inputs(find_inputs([folder]), labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("a", "b" * 201), r"labels of at most 200 characters, not 'b{40}'... of 201"),
        (tuple(map(str, range(10_001))), "at most 10000 labels, not 10001"),
    ],
)
def test_labels_that_no_model_can_have_are_refused_before_training(
    labels: tuple[str, ...], message: str
) -> None:
    features = {"v": Features(np.zeros((2, SPEC.dimension), np.float32), SPEC, 1.0)}
    with pytest.raises(AnnotationError, match=message):
        make_training_set(features, {"v": labels})


def videos_with_context(empty: int) -> TrainingSet:
    """Eight videos of two actions, one of which has a context, and `empty` ones of that alone."""
    random, features, labels = np.random.default_rng(0), {}, {}
    for number in range(8 + empty):
        name = f"v{number}"
        values = random.normal(scale=0.5, size=(24, SPEC.dimension)).astype(np.float32)
        if number >= 8 or number % 2 == 0:
            values[4:10, 0] += 3
        if number < 8:
            values[12:18, 1 + number % 2] += 3
        labels[name] = ("ab"[number % 2],) if number < 8 else ()
        features[name] = Features(values, SPEC, 24 * SPEC.snippet_seconds)
    return make_training_set(features, labels)


def test_videos_without_labels_show_training_that_a_context_is_no_action() -> None:
    config = TrainingConfig(steps=150, hidden=16, batch_size=4, learning_rate=0.01)
    networks = [loop.train(videos_with_context(n), config, device=CPU) for n in (0, 4)]
    shown, *_, unseen = (video.values[:] for video in videos_with_context(5).videos)

    def margins(network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            output = network(values[None])
        return (output.scores[0] - output.background[0, :, None])[:, 0]

    without, with_empty = (float(margins(its, unseen)[4:10].mean()) for its in networks)
    assert with_empty < min(without, 0) - 2
    assert margins(networks[1], shown)[12:18].mean() > 0  # the action itself


def test_a_training_set_holds_videos_without_labels_as_rows_of_zeros() -> None:
    found = videos_with_context(2)
    assert found.classes == ("a", "b")
    assert found.label_matrix.sum(axis=1).tolist() == [1] * 8 + [0] * 2
    assert found.videos[-1].counts is not None
    assert found.videos[-1].counts.tolist() == [0, 0]
    assert [video.name for video in found.labelled().videos] == [f"v{i}" for i in range(8)]
    features = {"v0": Features(np.zeros((3, SPEC.dimension), np.float32), SPEC, 1.0)}
    with pytest.raises(AnnotationError, match=r"none of 1 readable videos has a label, .*'v0'"):
        make_training_set(features, {"v0": (), "v1": ("a",)})


def test_a_video_without_labels_has_no_partner_in_a_batch_of_pairs() -> None:
    videos = videos_with_context(8).videos
    for step in range(8):
        batch = batch_of(
            clips_at(step, videos, batch_size=4, clip_snippets=99, seed=0, paired=True)
        )
        drawn, partners = batch.labels[:2], batch.labels[2:]
        assert len(partners) == int(drawn.any(dim=1).sum())
        assert partners.any(dim=1).all()


def test_labels_are_those_of_the_videos_that_have_any() -> None:
    assert labelled({"v0": (), "v1": ("a",)}) == {"v1": ("a",)}
    with pytest.raises(AnnotationError, match=r"none of 2 annotated videos has a label, .*'v0'"):
        labelled({"v0": (), "v1": ()})
    with pytest.raises(AnnotationError, match="none of 0 annotated videos has a label: there is"):
        labelled({})


@pytest.mark.parametrize(
    "names",
    [
        ["S1/ADL/10.mp4", "S2/ADL/11.mp4"],
        ["S1\\ADL\\10", ".\\S2\\ADL\\11"],
        ["ADL/10.mp4", "11.mp4"],
        ["D:\\set\\S1\\ADL\\10.avi.mp4", "D:\\set\\S2\\ADL\\11.mp4"],
    ],
)
@pytest.mark.parametrize("more", [[], ["S3/WALK/10.mp4", "S3/ADL/11.mp4"]])
def test_a_path_names_its_video_whether_or_not_its_file_name_is_unique(
    tmp_path: Path, names: list[str], more: list[str]
) -> None:
    first = "10.avi.mp4" if "avi" in names[0] else "10.mp4"
    if more and names[1] == "11.mp4":
        names = [names[0], "S2/ADL/11.mp4"]
    paths = [tmp_path / "in" / name for name in (f"S1/ADL/{first}", "S2/ADL/11.mp4", *more)]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for inputs in ([tmp_path / "in"], [tmp_path / "in" / "S1", tmp_path / "in" / "S2"]):
        chosen = match_inputs(find_inputs(inputs), dict.fromkeys(names, ("a",)))
        assert [(its.name, its.path) for its in chosen] == list(zip(names, paths, strict=False))


def test_features_without_folders_are_found_by_their_names_and_told(dataset) -> None:
    folder, _ = dataset(2, 0)
    told: list[str] = []
    labels = {"S1/v0.mp4": ("a",), "S1/v1.mp4": ("a",)}
    chosen = match_inputs(find_inputs([folder]), labels, tell=told.append)
    assert [its.path.name for its in chosen] == ["v0.safetensors", "v1.safetensors"]
    assert told == [
        "2 annotated videos are found by the end of their path alone, the first is 'S1/v0.mp4': "
        f"{folder / 'v0.safetensors'}"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("V1", r"the first is 'V1' \(it may be .*v1\.safetensors, but the names differ\)"),
        ("v\u200b1", r"it may be .*v1\.safetensors"),
        ("w/v0.mp4", r"the first is 'w/v0.mp4' \(it may be .*v0"),
        ("v9", r"the first is 'v9' \(--skip-missing trains on the others\)"),
    ],
)
def test_an_input_that_may_be_the_missing_one_is_named_rather_than_skipped(
    dataset, name: str, message: str
) -> None:
    folder, _ = dataset(2, 0)
    with pytest.raises(AnnotationError, match=message):
        match_inputs(find_inputs([folder]), {"v0": ("a",), name: ("a",)})


def test_a_video_annotated_twice_by_other_names_is_refused(dataset) -> None:
    folder, _ = dataset(2, 0)
    with pytest.raises(AnnotationError, match=r"videos 'v0' and 'v0.mp4' are one file, .*v0"):
        match_inputs(find_inputs([folder]), {"v0": ("a",), "v0.mp4": ("a",)})


def test_missing_videos_can_be_skipped(dataset) -> None:
    folder, _ = dataset(2, 0)
    labels = {"v0": ("a",), "nowhere": ("a",)}
    chosen = match_inputs(find_inputs([folder]), labels, skip_missing=True)
    assert [source.name for source in chosen] == ["v0"]


def test_features_of_different_specs_are_refused() -> None:
    features = {
        name: Features(np.zeros((3, size), np.float32), FeatureSpec("motion", 1, {}, size), 1.0)
        for name, size in (("v0", 4), ("v1", 5))
    }
    with pytest.raises(FeatureError, match="'v1' don't fit those of 'v0': dimension 5 where 4"):
        make_training_set(features, {"v0": ("a",), "v1": ("a",)})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_trains_to_nearly_the_weights_of_cpu(training_set: TrainingSet) -> None:
    config = TrainingConfig(**{**CONFIG.__dict__, "dropout": 0.0, "precision": "float32"})
    on_cpu = loop.train(training_set, config, device=CPU).state_dict()
    on_cuda = loop.train(training_set, config, device=torch.device("cuda")).state_dict()
    for name, value in on_cpu.items():
        torch.testing.assert_close(on_cuda[name].cpu(), value, rtol=1e-3, atol=1e-3)
