"""STAR: its gradients by hand are those of autograd, and what the scores say."""

import pytest
import torch
from torch import nn

from lpat_train.config import TrainingConfig
from lpat_train.methods.star import STAR, own_gradients
from lpat_train.presets import changed


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_each_logits_gradient_by_its_own_feature_is_that_of_autograd(classes: int) -> None:
    torch.manual_seed(classes)
    recurrent = nn.GRU(6, 4, batch_first=True, bidirectional=True).double()
    weights = torch.randn(classes, 8, dtype=torch.float64)
    assembled = torch.randn(3, classes, 6, dtype=torch.float64, requires_grad=True)
    states, _ = recurrent(assembled)
    by_hand = own_gradients(recurrent, assembled, states, weights)
    logits = (states * weights).sum(dim=-1)  # (B, C)
    for c in range(classes):
        (gradient,) = torch.autograd.grad(logits[:, c].sum(), assembled, retain_graph=True)
        torch.testing.assert_close(by_hand[:, c], gradient[:, c])


def network_of_one_class() -> STAR:
    """The hidden layer is the features' positive part; attention looks at the first alone."""
    values = {"method": "star", "hidden": 2}
    network = STAR(changed(TrainingConfig(), values, "here"), 2, 1).eval()
    network.transform.weight.data = torch.eye(2)
    network.transform.bias.data.zero_()
    network.attention.weight.data = torch.tensor([[1.0, 0.0]])
    network.attention.bias.data.zero_()
    return network


def test_scores_are_grad_cam_times_attention_as_shares_of_their_peak() -> None:
    network = network_of_one_class()
    features = torch.log(torch.tensor([[[1.0, 5.0], [2.0, 1.0], [5.0, 1.0]]]))
    hidden = features
    attention = torch.tensor([1.0, 2.0, 5.0]) / 8
    assembled = (attention @ hidden[0])[None, None]
    states, _ = network.recurrent(assembled)
    slope = own_gradients(network.recurrent, assembled, states, network.classifier.weight)[0, 0]
    fused = torch.relu(hidden[0] @ slope) * 3 * attention / (1 + 3 * attention)
    expected = fused / fused.max().clamp(min=1e-12)
    torch.testing.assert_close(network(features).scores[0, :, 0], expected)


def test_a_class_that_nothing_speaks_for_scores_zero() -> None:
    network = network_of_one_class()
    output = network(torch.zeros(1, 4, 2))
    assert (output.scores == 0).all()
    assert torch.isfinite(network.probabilities(output)).all()
