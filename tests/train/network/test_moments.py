"""Mean and deviation from parts, against all at once."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lpat.features.files import locate_features
from lpat.types import FeatureSpec
from lpat_train.data import dataset
from lpat_train.data.dataset import TrainingSet, TrainingVideo, make_training_set
from lpat_train.data.sampling import batch_of, clips_at
from lpat_train.network.moments import moments_of


def test_moments_are_hand_worked() -> None:
    moments = moments_of([torch.tensor([[1.0, 5.0]]), torch.tensor([[2.0, 5.0], [6.0, 5.0]])])
    assert moments.count == 3
    assert moments.mean.tolist() == [3, 5]
    assert moments.squares.tolist() == [14, 0]
    assert moments.deviation.tolist() == [pytest.approx((14 / 3) ** 0.5), 0]


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 99))
def test_parts_make_no_difference(sizes: list[int], seed: int) -> None:
    values = torch.from_numpy(np.random.default_rng(seed).normal(3, 7, (sum(sizes), 4)))
    moments = moments_of(torch.split(values, sizes))
    torch.testing.assert_close(moments.mean, values.mean(dim=0))
    torch.testing.assert_close(moments.deviation, values.std(dim=0, correction=0))


def test_a_small_deviation_around_a_large_mean_survives() -> None:
    """Sums of float32 squares would lose all of it: 1e8 has steps of 8 there."""
    random = np.random.default_rng(0)
    values = torch.from_numpy((1e4 + random.normal(0, 1e-2, (20_000, 2))).astype(np.float32))
    moments = moments_of(torch.split(values, 37))
    expected = values.numpy().astype(np.float64).std(axis=0)
    np.testing.assert_allclose(moments.deviation.numpy(), expected, rtol=1e-9)


def test_no_snippets_have_no_moments() -> None:
    with pytest.raises(ValueError, match="expected at least one part"):
        moments_of([])


def test_a_set_comes_in_parts_of_one_video_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "_CHUNK_VALUES", 8)
    videos = tuple(
        TrainingVideo(str(n), torch.arange(2.0 * n).reshape(n, 2), torch.ones(1)) for n in (3, 9, 4)
    )
    parts = TrainingSet(("a",), FeatureSpec("x", 1, {}, 2), videos).chunks()
    assert [len(part) for part in parts] == [3, 4, 4, 1, 4]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_batches_of_stored_features_are_those_of_features_in_memory(
    tmp_path: Path, kind: str
) -> None:
    random, stored, labels = np.random.default_rng(0), {}, {}
    for number in range(7):
        path = tmp_path / f"v{number}.npy"
        np.save(path, random.normal(size=(int(random.integers(3, 30)), 5)).astype(kind))
        stored[path.stem] = locate_features(path)
        labels[path.stem] = ("ab"[number % 2],)
    mapped = make_training_set(stored, labels)
    loaded = make_training_set({name: its.load() for name, its in stored.items()}, labels)
    for step in range(6):
        ours, theirs = (
            batch_of(clips_at(step, its.videos, batch_size=3, clip_snippets=8, seed=0))
            for its in (mapped, loaded)
        )
        assert torch.equal(ours.features, theirs.features)
        assert torch.equal(ours.mask, theirs.mask)
    assert torch.equal(mapped.snippets(), loaded.snippets())
    whole = mapped.videos[0].values
    assert tuple(whole.shape) == (len(whole), 5)
