"""The centre and count losses of 3C-Net against their formulas."""

import math

import numpy as np
import pytest
import torch
from tests.train.batches import make_batch

from lpat_train.config import TrainingConfig
from lpat_train.methods import METHODS
from lpat_train.methods.three_c_net import CENTER_UNIT, ThreeCNet, center_loss, count_loss
from lpat_train.presets import changed

NAN = math.nan
MASK = torch.tensor([[True, True, True], [True, True, False]])


def softmax(values: np.ndarray) -> np.ndarray:
    exponentials = np.exp(values - values.max())
    return exponentials / exponentials.sum()


def naive_center(hidden, scores, centers, labels, lengths) -> float:
    """Video by video, label by label."""
    distances = []
    for b, length in enumerate(lengths):
        for c in np.flatnonzero(labels[b]):
            attention = softmax(scores[b, :length, c])
            attention[attention < attention.mean()] = 0
            feature = attention @ hidden[b, :length] / attention.sum()
            distances.append(((feature - centers[c]) ** 2).sum())
    return float(np.mean(distances))


def naive_count(scores, counts, lengths) -> float:
    losses = []
    for b, length in enumerate(lengths):
        if np.isnan(counts[b]).any():
            continue
        loss = 0.0
        for c, count in enumerate(counts[b]):
            values = scores[b, :length, c]
            told = softmax(values) @ values
            loss += abs(told - count) / count if count else 1e-3 * abs(told)
        losses.append(loss)
    return float(np.mean(losses)) if losses else 0.0


def test_a_center_draws_the_attended_mean_of_features() -> None:
    # Softmax (1, 3, 4) / 8: the first lies below 1/3, the others weigh 3/7 and 4/7.
    scores = torch.tensor([[[0.0], [math.log(3)], [math.log(4)]], [[0.0], [0.0], [9.0]]])
    hidden = torch.tensor([[[99.0, 9.0], [7.0, 0.0], [0.0, 7.0]], [[1.0, 0.0], [3.0, 2.0], [9, 9]]])
    centers = torch.tensor([[3.0, 2.0]])
    labels = torch.ones(2, 1)
    # (3, 4) is 2 away from the centre; of the other, both count alike: (2, 1), 1 + 1.
    loss = center_loss(hidden, scores, centers, labels, MASK)
    assert loss.item() == pytest.approx((4 + 2) / 2, rel=1e-5)


def test_the_losses_are_those_of_a_loop() -> None:
    random = np.random.default_rng(0)
    lengths = [7, 4, 1, 6]
    hidden = random.normal(size=(4, 7, 5))
    scores = random.normal(size=(4, 7, 3)) * 2
    centers = random.normal(size=(3, 5))
    labels = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1]])
    counts = np.array([[3.0, 0, 1], [0, NAN, 0], [1, 1, 1], [0, 0, 12]])
    mask = torch.arange(7)[None, :] < torch.tensor(lengths)[:, None]
    of = torch.from_numpy
    got = center_loss(of(hidden), of(scores), of(centers), of(labels), mask)
    expected = naive_center(hidden, scores, centers, labels, lengths)
    assert got.item() == pytest.approx(expected, rel=1e-9)
    got = count_loss(of(scores), of(counts), mask)
    assert got.item() == pytest.approx(naive_count(scores, counts, lengths), rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[3.0, 0.0], [1.0, 0.0]], (1 / 3 + 2e-3 + 4 + 1e-3) / 2),
        ([[3.0, 0.0], [NAN, 0.0]], 1 / 3 + 2e-3),  # the other video's are unknown
        ([[NAN, 0.0], [NAN, NAN]], 0.0),
    ],
)
def test_counts_err_in_proportion_where_known(counts: list, expected: float) -> None:
    # Constant scores tell themselves: 2 and 2, then 5 and 1.
    scores = torch.tensor([[[2.0, 2.0]] * 3, [[5.0, 1.0], [5.0, 1.0], [99.0, 99.0]]])
    loss = count_loss(scores.requires_grad_(), torch.tensor(counts), MASK)
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


def test_without_any_counts_the_term_is_left_out() -> None:
    assert count_loss(torch.ones(2, 3, 2), None, MASK).item() == 0


def test_the_total_weighs_its_terms() -> None:
    config = changed(TrainingConfig(), {"method": "3c-net", "center": 0.5, "count": 2.0}, "here")
    network = METHODS["3c-net"].make_network(config, 4, 2).eval()
    videos = [torch.randn(length, 4) for length in (3, 6)]
    batch = make_batch(videos, [torch.ones(2)] * 2, [torch.tensor([1.0, 4.0])] * 2)
    terms = METHODS["3c-net"].losses(network(batch.features, batch.mask), batch, config)
    expected = terms["classification"] + 0.5 * terms["center"] + 2 * terms["count"]
    torch.testing.assert_close(terms["total"], expected)
    assert terms["count"] > 0


def test_centers_move_faster_than_weights() -> None:
    network = ThreeCNet(changed(TrainingConfig(), {"method": "3c-net", "hidden": 3}, "here"), 4, 2)
    with torch.no_grad():
        network.centers.fill_(0.01)
    output = network(torch.randn(1, 5, 4))
    torch.testing.assert_close(output.centers, torch.full((1, 2, 3), 0.01 * CENTER_UNIT))
