"""The co-activity similarity loss against its formula, and the batches of pairs that it needs."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.batches import make_batch

from lpat.errors import UsageError
from lpat_train.config import TrainingConfig, methods_with
from lpat_train.data.dataset import TrainingVideo
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.methods import METHODS
from lpat_train.methods.losses import casl_loss
from lpat_train.methods.lpat import lpat_loss
from lpat_train.presets import changed, read_config, to_toml


def naive_casl(hidden, scores, labels, lengths) -> float:
    """W-TALC's loop: class by class, pair by pair."""

    def ends(x: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
        return a @ x, (1 - a) @ x / max(len(s) - 1, 1)

    def distance(x: np.ndarray, y: np.ndarray) -> float:
        norms = math.sqrt(x @ x) * math.sqrt(y @ y)
        return 1 - float(x @ y) / norms if norms else 1.0

    of_classes = []
    for c in range(labels.shape[1]):
        shown = [
            ends(hidden[b, :n], scores[b, :n, c]) for b, n in enumerate(lengths) if labels[b, c]
        ]
        pairs = []
        for i, (h1, l1) in enumerate(shown):
            for h2, l2 in shown[i + 1 :]:
                both = distance(h1, h2)
                hinges = [
                    max(both - distance(h1, l2) + 0.5, 0),
                    max(both - distance(h2, l1) + 0.5, 0),
                ]
                pairs.append(sum(hinges) / 2)
        if pairs:
            of_classes.append(np.mean(pairs))
    return float(np.mean(of_classes)) if of_classes else 0.0


@pytest.mark.parametrize("seed", range(6))
def test_casl_is_the_naive_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    lengths = [1, *random.integers(1, 9, size=4).tolist()]
    hidden = random.exponential(size=(5, max(lengths), 7))
    scores = random.normal(size=(5, max(lengths), 4)) * 3
    labels = (random.random((5, 4)) < 0.5).astype(float)
    mask = np.arange(max(lengths))[None, :] < np.array(lengths)[:, None]
    hidden[~mask], scores[~mask] = 50.0, 80.0
    arrays = (hidden, scores, labels, mask)
    got = casl_loss(*(torch.from_numpy(array) for array in arrays))
    assert got.item() == pytest.approx(naive_casl(hidden, scores, labels, lengths), rel=1e-9)


def test_casl_of_two_videos_worked_by_hand() -> None:
    # Nearly all attention lies on the first snippet: H is its feature, L the other's.
    scores = torch.tensor([[[60.0], [0.0]], [[60.0], [0.0]]])
    mask, labels = torch.ones(2, 2, dtype=torch.bool), torch.ones(2, 1)
    alike = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])
    assert casl_loss(alike, scores, labels, mask).item() == 0.0  # d = 0 inside, 1 across
    swapped = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    assert casl_loss(swapped, scores, labels, mask).item() == pytest.approx(1.5)  # 1 - 0 + 1/2


@pytest.mark.parametrize("labels", [[[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
def test_casl_without_a_pair_is_zero(labels: list[list[float]]) -> None:
    hidden = torch.randn(len(labels), 3, 4, requires_grad=True)
    mask = torch.ones(len(labels), 3, dtype=torch.bool)
    loss = casl_loss(hidden, torch.randn(len(labels), 3, 2), torch.tensor(labels), mask)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(hidden.grad, torch.zeros_like(hidden))  # type: ignore[arg-type]


def numbered_videos(labels: list[list[float]]) -> list[TrainingVideo]:
    """Videos whose every feature is their own number."""
    return [
        TrainingVideo(f"v{number}", torch.full((3, 1), float(number)), torch.tensor(its))
        for number, its in enumerate(labels)
    ]


def paired_batch(step: int, videos: list[TrainingVideo], size: int = 4, seed: int = 0) -> list[int]:
    batch = batch_of(
        clips_at(step, videos, batch_size=size, clip_snippets=9, seed=seed, paired=True)
    )
    return [int(value) for value in batch.features[:, 0, 0]]


def test_paired_batches_share_a_class_and_every_video_appears() -> None:
    labels = np.eye(3)[np.arange(11) % 3]
    videos = numbered_videos(labels.tolist())
    drawn = []
    for step in range(6):  # one epoch: 11 videos by twos
        numbers = paired_batch(step, videos)
        assert len(numbers) == len(set(numbers)) <= 4
        for anchor in numbers[:2]:
            assert any(labels[anchor] @ labels[other] for other in numbers if other != anchor)
        drawn += numbers[: min(2, 11 - 2 * step)]
    assert sorted(drawn) == list(range(11))


def test_the_seed_and_the_step_decide_a_paired_batch() -> None:
    videos = numbered_videos(np.eye(2)[np.arange(9) % 2].tolist())
    first = [paired_batch(step, videos) for step in range(8)]
    assert [paired_batch(step, videos) for step in reversed(range(8))] == first[::-1]
    assert [paired_batch(step, videos, seed=1) for step in range(8)] != first


def test_a_video_whose_class_is_its_own_comes_alone() -> None:
    videos = numbered_videos(np.eye(3).tolist())
    assert sorted(paired_batch(0, videos) + paired_batch(1, videos)) == [0, 1, 2]


def test_an_odd_batch_is_no_larger_than_asked() -> None:
    videos = numbered_videos([[1.0]] * 9)
    assert [len(paired_batch(0, videos, size=size)) for size in (1, 2, 3, 5)] == [1, 2, 3, 5]


def test_casl_adds_to_lpats_losses_by_its_weight() -> None:
    config = TrainingConfig(casl=0.7, hidden=8, members=1, context="3")
    network = METHODS["lpat"].make_network(config, 5, 2).eval()
    batch = make_batch([torch.randn(n, 5) for n in (4, 6)], [torch.tensor([1.0, 0.0])] * 2)
    output = network(batch.features, batch.mask)
    got = METHODS["lpat"].losses(output, batch, config)
    plain = lpat_loss(output, batch.labels, batch.mask, config)
    assert got["casl"].item() > 0
    assert got["total"].item() == pytest.approx((plain.total + 0.7 * got["casl"]).item())
    without = METHODS["lpat"].losses(output, batch, TrainingConfig())
    assert without == plain._asdict()


def test_batches_are_paired_only_for_the_loss_that_needs_it() -> None:
    assert not TrainingConfig().paired
    assert TrainingConfig(casl=0.5, members=1, context="3").paired
    wtalc = changed(TrainingConfig(), {"method": "wtalc"}, "here")
    assert wtalc.paired
    assert not changed(wtalc, {"casl": 0}, "here").paired
    assert methods_with("casl") == ("lpat", "wtalc")


def test_a_method_brings_its_defaults_and_takes_them_away() -> None:
    wtalc = changed(TrainingConfig(seed=4), {"method": "wtalc", "casl": 0.25}, "here")
    assert (wtalc.threshold, wtalc.segment_score, wtalc.casl) == ("manual", "wtalc", 0.25)
    assert wtalc.seed == 4
    assert changed(wtalc, {"method": "lpat"}, "here") == TrainingConfig(seed=4)
    assert changed(wtalc, {"method": "wtalc"}, "here") == wtalc
    with pytest.raises(UsageError, match=r"method: expected one of lpat, wtalc.*, not 'magic'"):
        changed(wtalc, {"method": "magic"}, "here")


def test_a_methods_config_comes_back_from_its_toml(tmp_path: Path) -> None:
    config = changed(TrainingConfig(), {"method": "wtalc", "segment_score": "margin"}, "here")
    path = tmp_path / "config.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert read_config(path, TrainingConfig()) == config
