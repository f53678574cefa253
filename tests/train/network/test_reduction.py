"""Features of backbones beside motion's are reduced to principal components, within the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lpat.backbones.files import Backbone
from lpat.backbones.metadata import BackboneMetadata
from lpat.backbones.spec import backbone_spec, beside
from lpat.types import Features, FeatureSpec
from lpat_train.data.dataset import TrainingSet, make_training_set
from lpat_train.network.base import ExportModule
from lpat_train.network.moments import moments_of
from lpat_train.network.reduction import Reduction, reduction_for
from lpat_train.presets import PRESETS
from lpat_train.training.checkpoint import read_run, write_run
from lpat_train.training.loop import load_network, make_network, train

OWN, WIDE, KEPT = 6, 20, 3
CONFIG = replace(PRESETS["lpat"], steps=4, hidden=8, components=KEPT, ends=0.5)


def spec_of(wide: int) -> FeatureSpec:
    """A combined spec, of motion of six values."""
    metadata = BackboneMetadata("eye", "rgb", wide)
    backbone = Backbone(Path("eye.onnx"), metadata, "0" * 64, "clips", "features")
    motion = FeatureSpec("motion", 2, {"rows": 3}, OWN)
    return beside(motion, backbone_spec([backbone]))


def rows(count: int, seed: int = 0) -> np.ndarray:
    """Values of motion, and looks of which three directions hold nearly all."""
    random = np.random.default_rng(seed)
    causes = random.normal(size=(count, KEPT)) * (9, 5, 3)
    shown = causes @ np.random.default_rng(9).normal(size=(KEPT, WIDE))
    looks = 40 + shown + 0.01 * random.normal(size=(count, WIDE))
    motion = random.normal(3, 2, (count, OWN))
    return np.concatenate([motion, looks], axis=1).astype(np.float32)


@pytest.fixture
def training() -> TrainingSet:
    spec = spec_of(WIDE)
    features = {f"v{n}": Features(rows(40, n), spec, 40 * 0.64) for n in range(6)}
    return make_training_set(features, {name: ("ab"[int(name[1]) % 2],) for name in features})


def test_components_are_those_of_what_varies_within_videos() -> None:
    parts = [torch.from_numpy(rows(50, n)) for n in range(4)]
    for number, part in enumerate(parts):
        part[:, OWN:] += 100 * number * torch.arange(WIDE)  # a scene of its own
    values = torch.cat(parts)
    reduction = Reduction(OWN, WIDE, KEPT)
    moments = reduction.fit(lambda: iter(parts))
    within = torch.cat([part[:, OWN:].double() - part[:, OWN:].double().mean(0) for part in parts])
    standard = within / within.std(0, correction=0)
    _, _, directions = np.linalg.svd(standard.numpy(), full_matrices=False)
    found = reduction.components.double().numpy()
    np.testing.assert_allclose(np.abs(directions[:KEPT] @ found), np.eye(KEPT), atol=1e-4)
    assert (found[np.abs(found).argmax(axis=0), range(KEPT)] > 0).all()
    made = reduction(values)
    assert made.shape == (200, reduction.dimension) == (200, OWN + KEPT)
    torch.testing.assert_close(made[:, :OWN], values[:, :OWN])
    again = moments_of([made])
    torch.testing.assert_close(again.mean, moments.mean, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(again.deviation, moments.deviation, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("spec", "components"),
    [
        (spec_of(WIDE), 0),
        (spec_of(3), 3),
        (FeatureSpec("motion", 2, {}, 40), 3),
        (FeatureSpec("backbone", 2, {}, 40), 3),
    ],
)
def test_what_is_narrow_or_alone_stays_as_it_is(spec: FeatureSpec, components: int) -> None:
    assert reduction_for(spec, components) is None
    assert len(make_network(replace(CONFIG, components=components), spec, 2).mean) == spec.dimension


def test_the_parts_are_standardised_apart(training: TrainingSet) -> None:
    """So motion counts, however much larger the other values are."""
    network = make_network(CONFIG, training.spec, 2)
    network.fit_to(training.chunks)
    seen = network.standardised(training.snippets())
    torch.testing.assert_close(seen.mean(dim=0), torch.zeros(OWN + KEPT), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.std(dim=0, correction=0), torch.ones(OWN + KEPT))
    faint = [chunk * torch.tensor([1e-6] * OWN + [1.0] * WIDE) for chunk in training.chunks()]
    network.fit_to(lambda: iter(faint))
    assert (network.scale[:OWN] > 0).all()


def test_a_wider_part_varies_no_more_than_the_other(training: TrainingSet) -> None:
    network = make_network(replace(CONFIG, components=0), training.spec, 2)
    network.fit_to(training.chunks)
    variances = network.standardised(training.snippets()).var(dim=0, correction=0)
    assert variances[:OWN].sum().item() == pytest.approx(OWN, rel=1e-3)
    assert variances[OWN:].sum().item() == pytest.approx(OWN, rel=1e-3)
    assert variances[OWN:].std().item() < 1e-3


def test_a_trained_network_takes_whole_features_and_comes_back_from_its_folder(
    training: TrainingSet, tmp_path: Path
) -> None:
    network = train(training, CONFIG, device=torch.device("cpu"), folder=tmp_path)
    assert network.ends is not None
    assert len(network.mean) == len(network.ends.mean) == OWN + KEPT
    mean, deviation = (values.numpy() for values in network.statistics)
    whole = training.snippets()
    np.testing.assert_allclose(mean, whole.numpy().mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(deviation[:OWN], whole.numpy()[:, :OWN].std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(deviation, whole.numpy().std(axis=0), rtol=0.1)  # within videos
    write_run(tmp_path, CONFIG, training, ())
    again = ExportModule(load_network(read_run(tmp_path)))
    for ours, theirs in zip(ExportModule(network)(whole[None]), again(whole[None]), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
