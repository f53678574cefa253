"""How each method pools, worked by hand."""

import math

import pytest
import torch
from tests.train.batches import make_batch
from torch import Tensor, nn

from lpat_train.config import MethodName, TrainingConfig
from lpat_train.methods import METHODS, hide_and_seek
from lpat_train.methods.cmcs import balance_loss, diversity_loss
from lpat_train.methods.losses import label_cross_entropy
from lpat_train.methods.stpn import logit_of_product
from lpat_train.network.base import Network
from lpat_train.network.pooling import masked_mean, masked_softmax, top_k_mean
from lpat_train.presets import changed

MASK = torch.tensor([[True, True, True, False], [True, False, False, False]])


def small_network(method: MethodName, classes: int, dimension: int, **weights: list) -> Network:
    """A method's network in evaluation mode, with these weights and no biases."""
    values = {"method": method, "hidden": len(weights["transform"]), "temporal_convolution": False}
    config = changed(TrainingConfig(), values, "here")
    network = METHODS[method].make_network(config, dimension, classes).eval()
    for name, values in weights.items():
        layer = getattr(network, name)
        assert isinstance(layer, nn.Linear)
        layer.weight.data = torch.tensor(values, dtype=torch.float32)
        layer.bias.data.zero_()
    return network


def test_means_and_softmax_take_the_real_snippets_alone() -> None:
    values = torch.tensor([[1.0, 2.0, 6.0, 99.0], [5.0, 99.0, 99.0, 99.0]])
    torch.testing.assert_close(masked_mean(values, MASK), torch.tensor([3.0, 5.0]))
    both = torch.stack([values, -values], dim=-1)
    expected = torch.tensor([[3.0, -3.0], [5.0, -5.0]])
    torch.testing.assert_close(masked_mean(both, MASK), expected)
    torch.testing.assert_close(masked_mean(both[:1, :3], None), expected[:1])
    logs = torch.tensor([[0.0, math.log(2), 0.0, 99.0], [7.0, 99.0, 99.0, 99.0]])
    softmax = torch.tensor([[0.25, 0.5, 0.25, 0.0], [1.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(masked_softmax(logs, MASK), softmax)
    torch.testing.assert_close(masked_softmax(logs[..., None], MASK)[..., 0], softmax)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (1 / 8, [[6.0, 3.0], [5.0, -5.0]]),  # one snippet of three, one of one
        (1 / 2, [[4.0, 2.0], [5.0, -5.0]]),  # ceil(1.5) = 2
        (1.0, [[3.0, 4 / 3], [5.0, -5.0]]),
    ],
)
def test_top_k_pools_each_class_over_its_own_best_snippets(share: float, expected: list) -> None:
    scores = torch.tensor([[[1.0, 3], [2, 1], [6, 0], [99, 99]], [[5, -5], [9, 9], [9, 9], [9, 9]]])
    torch.testing.assert_close(top_k_mean(scores, MASK, share), torch.tensor(expected))


def test_the_cross_entropy_is_to_the_normalised_labels() -> None:
    log_p = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).log()
    labels = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = ((math.log(2) + math.log(4)) / 2 - math.log(0.8)) / 2
    assert label_cross_entropy(log_p, labels).item() == pytest.approx(expected, rel=1e-6)


def test_untrimmednets_weighs_softmaxes_by_attention() -> None:
    network = small_network(
        "untrimmednets", 2, 3,
        transform=torch.eye(3).tolist(), attention=[[1, 0, 0]], classifier=[[0, 1, 0], [0, 0, 1]],
    )  # fmt: skip
    # Attention 3/4 and 1/4; classes (3/4, 1/4) and (1/2, 1/2): products (9, 3) and (2, 2) / 16.
    features = torch.tensor([[[math.log(3), math.log(3), 0.0], [0.0, 0.0, 0.0]]])
    output = network(features)
    torch.testing.assert_close(
        network.probabilities(output), torch.tensor([[11 / 16, 5 / 16, 0.0]])
    )
    torch.testing.assert_close(output.scores.exp(), torch.tensor([[[1.0, 1.0], [2 / 9, 2 / 3]]]))
    foreground = output.scores > output.background[..., None]  # past half the class's maximum
    assert foreground[0].tolist() == [[True, True], [False, True]]


def test_stpn_attends_to_the_features_themselves() -> None:
    network = small_network(
        "stpn", 1, 2, transform=[[1.0, 0.0]], attention=[[1.0]], classifier=[[0.0, 1.0]]
    )
    batch = make_batch(
        [torch.tensor([[0.0, 2.0], [math.log(3), -4.0]]), torch.tensor([[0.0, 6.0]])],
        [torch.tensor([1.0])] * 2,
    )
    output = network(batch.features, batch.mask)
    torch.testing.assert_close(output.attention[batch.mask], torch.tensor([0.5, 0.75, 0.5]))
    # (2/2 - 4 * 3/4) / 2 and 6/2
    torch.testing.assert_close(output.logits, torch.tensor([[-1.0], [3.0]]))
    activation = torch.sigmoid(torch.tensor([2.0, -4.0, 6.0]))
    torch.testing.assert_close(
        torch.sigmoid(output.scores[batch.mask][:, 0]), output.attention[batch.mask] * activation
    )
    config = changed(TrainingConfig(), {"method": "stpn", "sparsity": 0.5}, "here")
    losses = METHODS["stpn"].losses(output, batch, config)
    assert losses["sparsity"].item() == pytest.approx((1.25 + 0.5) / 2)
    entropy = (math.log1p(math.exp(1)) + math.log1p(math.exp(-3))) / 2
    assert losses["total"].item() == pytest.approx(entropy + 0.5 * 0.875, rel=1e-6)


def test_the_logit_of_a_product_of_sigmoids_is_finite_at_both_ends() -> None:
    assert logit_of_product(*tensors(0.0, 0.0)).item() == pytest.approx(-math.log(3))  # 1/4
    assert logit_of_product(*tensors(200.0, 1.5)).item() == pytest.approx(1.5)
    assert logit_of_product(*tensors(-200.0, -200.0)).item() == pytest.approx(-400)
    assert logit_of_product(*tensors(200.0, 200.0)).item() == pytest.approx(200 - math.log(2))


def tensors(*values: float) -> list[Tensor]:
    return [torch.tensor([value]) for value in values]


def test_hidden_chunks_part_each_video_equally() -> None:
    drawn = torch.tensor([[True, False, True], [False, True, True], [False, False, True]])
    seen = hide_and_seek.seen(drawn, torch.tensor([6, 4, 1]), 6)
    assert seen[0].int().tolist() == [1, 1, 0, 0, 1, 1]
    assert seen[1, :4].int().tolist() == [0, 0, 1, 1]  # chunks of 2, 1 and 1
    assert not seen[2, 0]


def test_hide_and_seek_hides_in_training_alone() -> None:
    config = changed(TrainingConfig(), {"method": "hide-and-seek", "dropout": 0.0}, "here")
    network = METHODS["hide-and-seek"].make_network(config, 4, 2)
    network.fit_standardisation(torch.randn(40, 4) + 5)
    features = torch.randn(3, 40, 4) + 5
    average = network(network.mean.expand(1, 1, 4)).scores[0, 0]
    clear = network.eval()(features).scores
    torch.manual_seed(0)
    scores = network.train()(features).scores
    hidden = torch.isclose(scores, average, atol=1e-6).all(dim=-1)  # (B, T)
    assert 0.2 < hidden.float().mean() < 0.8
    assert torch.equal(hidden[:, ::2], hidden[:, 1::2])  # forty snippets, twenty chunks
    torch.testing.assert_close(scores[~hidden], clear[~hidden])


def test_branches_that_say_the_same_are_not_diverse() -> None:
    one_class = torch.tensor([[20.0, -20.0], [-20.0, 20.0]])  # (T, C): first a, then b
    same = one_class[None, :, None].repeat(1, 1, 3, 1)  # (B, T, K, C)
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert diversity_loss(same, mask).item() == pytest.approx(1.0)
    assert balance_loss(same, mask).item() == pytest.approx(0.0, abs=1e-6)
    apart = torch.stack([one_class, -one_class], dim=1)[None]
    assert diversity_loss(apart, mask).item() == pytest.approx(0.0, abs=1e-6)
    # Two branches of three differ: of the pairs 1, 0 and 0.
    both = torch.cat([same[:, :, :2], apart[:, :, 1:]], dim=2)
    assert diversity_loss(both, mask).item() == pytest.approx(1 / 3)
    assert diversity_loss(same[:, :, :1], mask).item() == 0.0


def test_branches_are_to_be_alike_strong() -> None:
    branches = torch.tensor(
        [[[[3.0, 1.0], [0.0, 1.0]], [[4.0, 0.0], [0.0, 0.0]], [[9.0, 9.0]] * 2]]
    )
    mask = torch.tensor([[True, True, False]])
    # Norms over time (5, 1) and (0, 1): of class a both lie 2.5 from their mean, of b none.
    assert balance_loss(branches, mask).item() == pytest.approx(1.25, rel=1e-3)


def test_cmcs_weighs_the_branches_mean_by_attention() -> None:
    network = small_network(
        "cmcs", 2, 3,
        transform=torch.eye(3).tolist(), attention=[[1, 0, 0]],
        classifiers=[[0, 2, 0], [0, 0, 0], *[[0, 2 / 3, 0], [0, 0, 0]] * 3],
    )  # fmt: skip
    # Attention 3/4 and 1/4; the branches' mean is their classes' logits ln 3 and 0, then 0 and 0.
    features = torch.tensor([[[math.log(3), math.log(3), 0.0], [0.0, 0.0, 0.0]]])
    output = network(features)
    torch.testing.assert_close(output.scores, torch.tensor([[[0.75, 0.25], [0.5, 0.5]]]))
    torch.testing.assert_close(
        network.probabilities(output), torch.tensor([[11 / 16, 5 / 16, 0.0]])
    )
