"""The level of a false-alarm rate: what sets it, and that exported scores are measured from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lpat.annotations.reading import read_annotations
from lpat.localizer import Localizer as OnnxLocalizer
from lpat.model.metadata import ModelMetadata
from lpat.segments.level import RATES
from lpat.segments.post_processing import PostProcessing
from lpat.types import Features, FeatureSpec
from lpat_train.cli import train as train_command
from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import TrainingVideo
from lpat_train.export.onnx_export import export
from lpat_train.network.base import ExportModule, Network
from lpat_train.training.calibration import MOST_MARGINS, Null, calibrate
from lpat_train.training.loop import make_network

SPEC = FeatureSpec("precomputed", 1, {}, 4)


def videos(labels: list[list[float]], snippets: int = 50) -> list[TrainingVideo]:
    generator = torch.Generator().manual_seed(1)
    return [
        TrainingVideo(f"v{i}", torch.randn(snippets + i, 4, generator=generator), torch.tensor(its))
        for i, its in enumerate(labels)
    ]


def network_of(members: int = 2, false_alarms: float = 0.03) -> Network:
    context = "1,3" if members > 1 else "3"
    config = TrainingConfig(
        hidden=8, members=members, context=context, seed=4, false_alarms=false_alarms
    )
    return make_network(config, 4, 3).eval()


def null_margins(network: Network, its_videos: list[TrainingVideo]) -> list[np.ndarray]:
    """Exported margins of each class in the videos that don't show it."""
    localizer = ExportModule(network).eval()
    found: list[list[np.ndarray]] = [[], [], []]
    with torch.no_grad():
        for video in its_videos:
            scores, background, _ = localizer(video.values[:][None])
            margins = (scores - background[..., None])[0].numpy()
            for number in range(3):
                if not video.labels[number]:
                    found[number].append(margins[:, number])
    return [np.concatenate(its) if its else np.empty(0) for its in found]


LABELS = [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 0]]


@pytest.mark.parametrize("members", [1, 2, 3])
@pytest.mark.parametrize("rate", [0.03, 0.2])
def test_as_many_false_alarms_lie_above_the_level_as_were_asked_for(
    members: int, rate: float
) -> None:
    network, data = network_of(members, false_alarms=rate), videos(LABELS)
    calibrate(network, data)
    nulls = null_margins(network, data)
    for null in nulls:
        assert (null > 0).mean() == pytest.approx(rate, abs=1 / len(null))
    assert np.mean([null.std() for null in nulls]) == pytest.approx(1, rel=1e-4)


def test_the_table_says_where_other_rates_begin() -> None:
    network, data = network_of(false_alarms=0.1), videos(LABELS)
    calibrate(network, data)
    assert network.level is not None
    table = network.level.table_of(("a", "b", "c"))
    assert table is not None
    assert table.false_alarms == 0.1
    for rate, margins in zip(RATES, table.margins, strict=True):
        for null, margin in zip(null_margins(network, data), margins, strict=True):
            assert (null > margin).mean() == pytest.approx(rate, abs=1.5 / len(null))
    np.testing.assert_allclose(table.shifts(0.1), 0, atol=1e-5)


def test_a_video_without_labels_is_a_null_of_all_classes() -> None:
    alone = videos([[1.0, 1.0, 1.0], [0, 0, 0]])
    network = network_of()
    calibrate(network, alone)
    for null in null_margins(network, alone[1:]):
        assert (null > 0).mean() == pytest.approx(0.03, abs=1 / len(null))


def test_a_class_that_every_video_shows_takes_the_null_of_the_others() -> None:
    network, data = network_of(), videos([[1.0, 1.0, 0], [1.0, 0, 1.0]])
    calibrate(network, data)
    assert network.level is not None
    table = network.level.table_of(("a", "b", "c"))
    assert table is not None
    assert table.pooled == ("a",)
    null = Null(
        np.array([[9.0, 1, 2], [9, 3, 4]], np.float32), np.array([[0, 1, 0], [0, 0, 1]]) > 0
    )
    assert null.of_class(0).tolist() == [1, 4]
    assert null.of_class(1).tolist() == [1]


def test_without_any_null_the_level_stays_as_it_was_learned() -> None:
    network, data = network_of(), videos([[1.0, 1.0, 1.0]])
    calibrate(network, data)
    assert network.level is not None
    assert network.level.table_of(("a", "b", "c")) is None
    output = network(data[0].values[:][None])
    torch.testing.assert_close(ExportModule(network)(data[0].values[:][None])[0], output.scores)


def test_no_false_alarms_asked_for_means_no_calibration() -> None:
    network = network_of(false_alarms=0.0)
    calibrate(network, videos(LABELS))
    assert network.level is not None
    assert not network.level.calibrated


def test_of_many_snippets_every_so_manieth_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpat_train.training.calibration.MOST_MARGINS", 600)
    assert MOST_MARGINS > 600
    network, data = network_of(), videos(LABELS, snippets=300)
    calibrate(network, data)
    for null in null_margins(network, data):
        assert (null > 0).mean() == pytest.approx(0.03, abs=0.04)


@pytest.mark.parametrize("members", [1, 2])
def test_an_exported_model_is_measured_from_the_level_and_follows_a_video(
    members: int, tmp_path: Path
) -> None:
    network, data = network_of(members, false_alarms=0.05), videos(LABELS)
    calibrate(network, data)
    metadata = ModelMetadata(("a", "b", "c"), SPEC, PostProcessing(proposals="levels"))
    export(network, metadata, tmp_path / "model.onnx")
    localizer = OnnxLocalizer(tmp_path / "model.onnx", "cpu")
    level = localizer.metadata.level
    assert level is not None
    assert (level.false_alarms, level.follow) == (0.05, 0.5)
    features = Features(data[0].values[:].numpy(), SPEC, len(data[0].values) * 0.64)
    learned, leveled = localizer.learned_scores(features), localizer.score(features)
    with torch.no_grad():
        scores, background, shown = ExportModule(network)(data[0].values[:][None])
    np.testing.assert_allclose(learned.scores, scores[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(learned.background, background[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(learned.probabilities, shown[0].numpy(), atol=1e-5)
    np.testing.assert_array_equal(leveled.scores, learned.scores)
    moved = leveled.background - learned.background
    np.testing.assert_allclose(moved, moved[0], atol=1e-5)
    moved_again = OnnxLocalizer(tmp_path / "model.onnx", "cpu", false_alarms=0.2).score(features)
    assert (moved_again.scores > leveled.scores).all()  # a higher rate is a lower level


def test_training_says_what_the_level_means(
    dataset: Callable[..., tuple[Path, Path]], tmp_path: Path
) -> None:
    folder, annotations = dataset()

    def said(labels: str) -> str:
        tags = tmp_path / "tags.csv"
        names = [video.name for video in read_annotations(annotations).in_subset("training")]
        rows = [f"{name},{labels if i % 2 else 'a'}\n" for i, name in enumerate(names)]
        tags.write_text("video,labels\n" + "".join(rows), "utf-8")
        words = [folder, "--annotations", tags, "--output", tmp_path / "run", "--overwrite"]
        options = ["--steps", "2", "--hidden", "8"]
        result = CliRunner().invoke(
            train_command.command, [*map(str, words), *options], catch_exceptions=False
        )
        return result.output

    found = said("a;b")
    assert "level: 0.03 of the snippets of videos without a class lie above it" in found
    assert "every training video shows 'a': its level is set by all other classes" in found
    assert "level: as it was learned, as every training video shows every class" in said("a")
