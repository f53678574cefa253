"""The network against the paper's equations, and a video alone against the same in a batch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.train.batches import make_batch

from lpat_train.config import TrainingConfig
from lpat_train.methods import METHODS
from lpat_train.methods.lpat import LPAT, MembersOutput, gated_average, lpat_loss
from lpat_train.network.base import ExportModule

LENGTHS = (1, 2, 7, 12)


def make_network(temporal_convolution: bool) -> LPAT:
    torch.manual_seed(3)
    network = LPAT(6, 3, hidden=8, temporal_convolution=temporal_convolution)
    network.fit_standardisation(torch.randn(50, 6) * 3 + 1)
    return network.eval()


WINDOWS = ((), (3,), (3, 5), (5,))


def make_members() -> LPAT:
    torch.manual_seed(5)
    network = LPAT(6, 3, hidden=8, temporal_convolution=True, windows=WINDOWS)
    network.fit_standardisation(torch.randn(50, 6) * 3 + 1)
    return network.eval()


def random_videos() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return [torch.randn(length, 6, generator=generator) * 2 for length in LENGTHS]


def test_pooling_is_eqs_1_and_2() -> None:
    random = np.random.default_rng(0)
    scores, background = random.normal(size=(9, 4)), random.normal(size=9)
    gates = 1 / (1 + np.exp(-(scores - background[:, None])))
    expected = (gates * scores).sum(axis=0) / gates.sum(axis=0)
    got = gated_average(torch.tensor(scores)[None], torch.tensor(background)[None], None)
    np.testing.assert_allclose(got[0].numpy(), expected, rtol=1e-10)


def test_pooling_stays_finite_where_every_gate_underflows() -> None:
    scores = torch.tensor([[[-200.0], [-201.0]]])
    got = gated_average(scores, torch.full((1, 2), 200.0), None)
    assert -201 <= got.item() <= -200


@pytest.mark.parametrize(
    "network",
    [make_network(False), make_network(True), make_members()],
    ids=["alone", "TemConv", "members"],
)
def test_a_video_scores_the_same_alone_and_in_a_batch(network: LPAT) -> None:
    videos = random_videos()
    batch = make_batch(videos, [torch.ones(3)] * len(videos))
    together = network(batch.features, batch.mask)
    for row, video in enumerate(videos):
        alone = network(video[None])
        real = slice(0, len(video))
        torch.testing.assert_close(together.scores[row, real], alone.scores[0])
        torch.testing.assert_close(together.background[row, real], alone.background[0])
        torch.testing.assert_close(together.logits[row], alone.logits[0])


@pytest.mark.parametrize("temporal_convolution", [False, True])
@pytest.mark.parametrize("norm", ["vector", "snippet"])
def test_the_loss_of_a_batch_is_the_mean_over_its_videos(norm, temporal_convolution: bool) -> None:
    network, videos = make_network(temporal_convolution), random_videos()
    labels = [torch.tensor(row) for row in ([1.0, 0, 0], [0, 1.0, 1.0], [1.0, 1.0, 0], [0, 0, 1.0])]
    config = TrainingConfig(balance=0.4, norm_reading=norm)

    def loss(chosen: list[int]) -> torch.Tensor:
        batch = make_batch([videos[i] for i in chosen], [labels[i] for i in chosen])
        output = network(batch.features, batch.mask)
        return torch.stack(lpat_loss(output, batch.labels, batch.mask, config))

    alone = torch.stack([loss([index]) for index in range(len(videos))]).mean(dim=0)
    torch.testing.assert_close(loss(list(range(len(videos)))), alone)


def test_standardisation_leaves_a_constant_feature_at_zero() -> None:
    network = LPAT(2, 1, hidden=4)
    snippets = torch.tensor([[5.0, 0.0], [5.0, 2.0]])
    network.fit_standardisation(snippets)
    standardised = (snippets - network.mean) * network.scale
    torch.testing.assert_close(standardised, torch.tensor([[0.0, -1.0], [0.0, 1.0]]))


def test_probabilities_are_the_softmax_of_pooled_scores_and_background() -> None:
    network, video = make_network(False), random_videos()[2]
    scores, background, probabilities = ExportModule(network)(video[None])
    pooled = gated_average(scores, background, None)[0].tolist()
    logits = torch.tensor([*pooled, background.mean().item()])
    torch.testing.assert_close(probabilities[0], torch.softmax(logits, dim=0))


def member_of(network: LPAT, number: int) -> LPAT:
    """One of the members as a network of its own."""
    its = WINDOWS[number]
    alone = LPAT(6, 3, hidden=8, temporal_convolution=True, windows=[its]).eval()
    rows, outputs = slice(8 * number, 8 * number + 8), slice(4 * number, 4 * number + 4)
    state = network.state_dict()
    parts = {name: state[name][rows] for name in state if name.startswith("convol")}
    parts |= {name: state[name] for name in ("mean", "scale")}
    seen = torch.tensor([True, *(width in its for width in network.transform.windows)])
    for name in ("transform.weight", "transform.bias"):
        blocks = state[name].unflatten(0, (len(seen), -1))[:, rows]
        parts[name] = blocks[seen].flatten(0, 1)
        assert not blocks[~seen].any()
    parts["classifier.weight"] = state["classifier.weight"][outputs, :, 0]
    parts["classifier.bias"] = state["classifier.bias"][outputs]
    alone.load_state_dict(parts)
    return alone


def test_members_are_networks_side_by_side_and_their_mean_comes_out() -> None:
    network, video = make_members(), random_videos()[2][None]
    output = network(video)
    assert isinstance(output, MembersOutput)
    each = [member_of(network, number)(video) for number in range(4)]
    for number, alone in enumerate(each):
        torch.testing.assert_close(output.each.scores[number], alone.scores[0])
        torch.testing.assert_close(output.each.background[number], alone.background[0])
        torch.testing.assert_close(output.each.logits[number], alone.logits[0])
        torch.testing.assert_close(output.each.hidden[number], alone.hidden[0])
    mean = torch.stack([alone.scores for alone in each]).mean(dim=0)
    torch.testing.assert_close(output.scores, mean)
    logits = torch.stack([alone.logits for alone in each]).mean(dim=0)
    torch.testing.assert_close(network.probabilities(output), torch.softmax(logits, dim=-1))


def test_members_score_in_training_as_they_do_in_evaluation() -> None:
    network, video = make_members(), random_videos()[3][None]
    evaluated = network(video)
    network.dropout.p = 0.0
    trained = network.train()(video)
    for one, other in zip(trained, evaluated, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_the_loss_of_members_is_the_mean_of_each_ones_loss() -> None:
    network, videos = make_members(), random_videos()
    labels = [torch.tensor(row) for row in ([1.0, 0, 0], [0, 1.0, 1.0], [1.0, 1.0, 0], [0, 0, 1.0])]
    batch = make_batch(videos, labels)
    config = TrainingConfig(members=4)
    got = METHODS["lpat"].losses(network(batch.features, batch.mask), batch, config)
    alone = replace(config, members=1, context="1")
    each = [
        METHODS["lpat"].losses(member_of(network, n)(batch.features, batch.mask), batch, alone)
        for n in range(4)
    ]
    for name, value in got.items():
        torch.testing.assert_close(value, torch.stack([its[name] for its in each]).mean())
