"""Each loss against the paper's formula, written out video by video in NumPy."""

import math

import numpy as np
import pytest
import torch

from lpat_train.config import TrainingConfig
from lpat_train.methods import lpat
from lpat_train.methods.lpat import Output

EPS = 1e-6


def random_batch(seed: int, lengths: tuple[int, ...] = (5, 9, 1), classes: int = 3):
    """Random scores of padded videos; what lies in the padding is large, to be noticed."""
    random = np.random.default_rng(seed)
    longest = max(lengths)
    scores = random.normal(size=(len(lengths), longest, classes)).astype(np.float32)
    background = random.normal(size=(len(lengths), longest)).astype(np.float32)
    mask = np.arange(longest)[None, :] < np.array(lengths)[:, None]
    scores[~mask], background[~mask] = 50.0, -50.0
    labels = (random.random((len(lengths), classes)) < 0.5).astype(np.float32)
    labels[labels.sum(axis=1) == 0, 0] = 1
    return scores, background, mask, labels


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array) for array in arrays]


def log_softmax(values: np.ndarray) -> np.ndarray:
    return values - values.max() - math.log(np.exp(values - values.max()).sum())


@pytest.mark.parametrize(("reading", "times"), [("once", 1), ("inside", 3)])
def test_classification_is_eq_5(reading: lpat.BackgroundReading, times: int) -> None:
    logits = np.array([[1.0, -2.0, 0.5, 0.25], [0.0, 3.0, 1.0, -1.0]], np.float32)
    labels = np.array([[1, 0, 1], [0, 1, 0]], np.float32)
    expected = 0.0
    for row, its in zip(logits, labels, strict=True):
        log_p = log_softmax(row)
        expected -= sum(its * log_p[:3]) / its.sum() + times * 0.2 * log_p[3]
    got = lpat.classification_loss(*tensors(logits, labels), background_weight=0.2, reading=reading)
    assert got.item() == pytest.approx(expected / 2, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_confidence_with_vector_norm_is_eq_7(seed: int) -> None:
    scores, background, mask, labels = random_batch(seed)
    expected = 0.0
    for s, b, real, its in zip(scores, background, mask, labels, strict=True):
        labelled = s[real][:, its > 0].max(axis=1)  # Eq. 6
        hinge = np.maximum(labelled * b[real] + 0.5, 0)
        expected += hinge.sum() / math.sqrt((labelled**2).sum() * (b[real] ** 2).sum() + EPS)
    got = lpat.confidence_loss(*tensors(scores, background, labels, mask), reading="vector")
    assert got.item() == pytest.approx(expected / len(mask), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_confidence_with_snippet_norm_divides_each_term(seed: int) -> None:
    scores, background, mask, labels = random_batch(seed)
    expected = 0.0
    for s, b, real, its in zip(scores, background, mask, labels, strict=True):
        for t in np.flatnonzero(real):
            product = s[t, its > 0].max() * b[t]
            expected += max(product + 0.5, 0) / max(abs(product), 0.1)
    got = lpat.confidence_loss(*tensors(scores, background, labels, mask), reading="snippet")
    assert got.item() == pytest.approx(expected / len(mask), rel=1e-4)


def test_confidence_has_a_finite_gradient_at_zero() -> None:
    scores = torch.zeros(1, 4, 2, requires_grad=True)
    background = torch.zeros(1, 4, requires_grad=True)
    mask = torch.ones(1, 4, dtype=torch.bool)
    lpat.confidence_loss(scores, background, torch.ones(1, 2), mask, "vector").backward()
    assert torch.isfinite(scores.grad).all()  # type: ignore[arg-type]
    assert torch.isfinite(background.grad).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.125, 0.5, 1.0])
def test_top_k_is_w_talcs(share: float) -> None:
    scores, _, mask, labels = random_batch(7)
    expected = 0.0
    for s, real, its in zip(scores, mask, labels, strict=True):
        count = math.ceil(real.sum() * share)
        pooled = np.sort(s[real], axis=0)[::-1][:count].mean(axis=0)
        expected -= (its / its.sum() * log_softmax(pooled)).sum()
    got = lpat.top_k_loss(*tensors(scores, labels, mask), share=share)
    assert got.item() == pytest.approx(expected / len(mask), rel=1e-5)


def test_barrier_is_lowest_at_half_and_rises_towards_both_ends() -> None:
    mask, labels = torch.ones(1, 6, dtype=torch.bool), torch.tensor([[1.0, 0.0]])

    def barrier(margin: float) -> float:
        scores = torch.full((1, 6, 2), margin)
        return lpat.barrier_loss(scores, torch.zeros(1, 6), labels, mask).item()

    assert barrier(0.0) == pytest.approx(2 * math.log(2), rel=1e-5)
    assert barrier(-8.0) > barrier(-2.0) > barrier(0.0) < barrier(2.0) < barrier(8.0)
    assert math.isfinite(barrier(1e4))


@pytest.mark.parametrize("seed", range(3))
def test_absence_shuts_the_gates_of_classes_that_a_video_does_not_show(seed: int) -> None:
    scores, background, mask, labels = random_batch(seed)
    labels[0] = 1  # shows all: nothing to shut
    expected = 0.0
    for s, b, real, its in zip(scores, background, mask, labels, strict=True):
        margins = (s - b[:, None])[real][:, its == 0].astype(np.float64)
        expected += np.log1p(np.exp(margins)).mean() if margins.size else 0.0
    got = lpat.absence_loss(*tensors(scores, background, labels, mask))
    assert got.item() == pytest.approx(expected / len(mask), rel=1e-5)


def test_absence_says_nothing_of_a_class_that_is_shown() -> None:
    mask, labels = torch.ones(1, 4, dtype=torch.bool), torch.tensor([[1.0, 0.0]])
    scores = torch.zeros(1, 4, 2, requires_grad=True)
    lpat.absence_loss(scores, torch.zeros(1, 4), labels, mask).backward()
    assert scores.grad is not None
    assert (scores.grad[..., 0] == 0).all()
    assert (scores.grad[..., 1] > 0).all()


def test_total_adds_the_terms_by_their_weights() -> None:
    scores, background, mask, labels = random_batch(3)
    s, b, m, y = tensors(scores, background, mask, labels)
    logits = torch.randn(len(mask), 4, generator=torch.Generator().manual_seed(0))
    config = TrainingConfig(balance=0.3, top_k=2.0, barrier=0.25, absence=0.5)
    got = lpat.lpat_loss(Output(s, b, logits), y, m, config)
    expected = 0.3 * got.classification + 0.7 * got.confidence
    expected = expected + 2.0 * got.top_k + 0.25 * got.barrier + 0.5 * got.absence
    assert got.total.item() == pytest.approx(expected.item(), rel=1e-6)
    assert len({round(value.item(), 6) for value in got}) == len(got)


def terms_of(*arrays: np.ndarray, logits: np.ndarray, config: TrainingConfig) -> lpat.Losses:
    s, b, m, y, z = tensors(*arrays, logits)
    return lpat.lpat_loss(Output(s, b, z), y, m, config)


@pytest.mark.parametrize("norm", ["vector", "snippet"])
def test_videos_without_labels_count_in_the_background_term_and_in_absence_alone(norm) -> None:
    scores, background, mask, labels = random_batch(5, lengths=(5, 9, 1, 7))
    labels[1] = 0
    logits = np.random.default_rng(0).normal(size=(4, 4)).astype(np.float32)
    config = TrainingConfig(norm_reading=norm, background_weight=0.2)
    got = terms_of(scores, background, mask, labels, logits=logits, config=config)
    shown = np.array([0, 2, 3])
    others = terms_of(
        scores[shown], background[shown], mask[shown], labels[shown],
        logits=logits[shown], config=config,
    )  # fmt: skip
    for name in ("confidence", "top_k", "barrier"):
        assert getattr(got, name).item() == pytest.approx(getattr(others, name).item(), rel=1e-5)
    log_p = np.array([log_softmax(row) for row in logits])
    of_labels = np.mean([-(labels[i] * log_p[i, :3]).sum() / labels[i].sum() for i in shown])
    expected = of_labels - 0.2 * log_p[:, 3].mean()
    assert got.classification.item() == pytest.approx(expected, rel=1e-5)
    margins = (scores[1] - background[1][:, None])[mask[1]].astype(np.float64)
    expected = (3 * others.absence.item() + np.log1p(np.exp(margins)).mean()) / 4
    assert got.absence.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("norm", ["vector", "snippet"])
def test_a_batch_without_any_label_teaches_that_nothing_is_above_the_threshold(norm) -> None:
    scores, background, mask, labels = tensors(*random_batch(6))
    labels.zero_()
    scores.requires_grad_()
    background.requires_grad_()
    logits = torch.zeros(len(labels), 4, requires_grad=True)
    config = TrainingConfig(norm_reading=norm)
    got = lpat.lpat_loss(Output(scores, background, logits), labels, mask, config)
    assert (got.confidence, got.top_k, got.barrier) == (0, 0, 0)
    got.total.backward()
    for tensor in (scores, background, logits):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
    assert (scores.grad[mask] > 0).all()  # type: ignore[index]
    assert (background.grad[mask] < 0).all()  # type: ignore[index]
    assert (logits.grad[:, -1] < 0).all()  # type: ignore[index]
