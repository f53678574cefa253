"""AutoLoc's boxes against loops over them, and the loss that trains them."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from lpat_train.methods.autoloc import (
    ANCHORS,
    Boxes,
    between_extremes,
    boxes_of,
    clipped,
    contrast,
    oic_loss,
    painted,
)


def single(*boxes: tuple[float, float], snippets: int) -> Boxes:
    """Boxes [start, end) in snippets, as anchors of the first snippet; elsewhere of no length."""
    starts, ends = torch.zeros(2, 1, snippets, len(boxes))
    for number, (start, end) in enumerate(boxes):
        starts[0, 0, number], ends[0, 0, number] = start, end
    return Boxes(starts, ends)


def length_of(snippets: int) -> Tensor:
    return torch.tensor([snippets])


def naive_mean(values: np.ndarray, start: float, end: float) -> tuple[float, float]:
    """The integral of what is constant within snippets, and its length."""
    edges = np.arange(len(values))
    covers = np.clip(np.minimum(edges + 1, end) - np.maximum(edges, start), 0, None)
    return float(covers @ values), end - start


def naive_contrast(values: np.ndarray, start: float, end: float) -> float:
    margin = max((end - start) / 4, 1)
    inside, length = naive_mean(values, start, end)
    outer_start, outer_end = max(start - margin, 0), min(end + margin, len(values))
    outside, whole = naive_mean(values, outer_start, outer_end)
    return inside / max(length, 0.5) - (outside - inside) / max(whole - length, 1)


def test_anchors_lie_in_the_middle_of_their_snippets() -> None:
    boxes = boxes_of(torch.zeros(1, 100, 2 * len(ANCHORS)), length_of(100))
    times = torch.arange(100)[:, None]
    assert (boxes.starts + times)[0, 50].tolist() == [50.5 - length / 2 for length in ANCHORS]
    assert (boxes.ends + times)[0, 50].tolist() == [50.5 + length / 2 for length in ANCHORS]
    assert ((boxes.starts + times) >= 0).all()
    assert ((boxes.ends + times) <= 100).all()


def test_offsets_shift_by_lengths_and_stretch_by_powers_of_e() -> None:
    offsets = torch.zeros(1, 100, 2 * len(ANCHORS))
    offsets[0, 50, 2], offsets[0, 50, len(ANCHORS) + 2] = 0.5, math.log(2)
    boxes = boxes_of(offsets, length_of(100))
    # 4 long, shifted by 2 and stretched to 8: the middle 52.5.
    assert boxes.starts[0, 50, 2].item() + 50 == pytest.approx(48.5)
    assert boxes.ends[0, 50, 2].item() + 50 == pytest.approx(56.5)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((2, 6), 1 - 0),  # the action, a snippet around it on either side
        ((2, 4), 1 - (0 + 1) / 2),
        ((1, 7), 4 / 6 - 0),
        ((2.5, 6), 1 - 0.5 / 2),
        ((0, 10), 0.4 - 0),  # nothing outside
        ((0, 6), 4 / 6 - 0),  # one side is outside the video
        ((0.2, 10), 4 / 9.8 - 0),  # outside is 0.2 of a snippet
        ((2, 2.2), 0.2 / 0.5 - 1 / 2),
    ],
)
def test_contrast_is_inside_minus_outside(box: tuple[float, float], expected: float) -> None:
    activations = torch.zeros(1, 10, 1)
    activations[0, 2:6] = 1
    got = contrast(activations, single(box, snippets=10), length_of(10))[0, 0, 0, 0]
    assert got.item() == pytest.approx(expected, abs=1e-6)


def test_contrasts_and_paint_are_those_of_loops() -> None:
    torch.manual_seed(0)
    snippets, threshold = 40, 0.1
    lengths = torch.tensor([40, 23])
    offsets = torch.randn(2, snippets, 2 * len(ANCHORS))
    boxes = boxes_of(offsets, lengths)
    activations = torch.rand(2, snippets, 3)
    activations[1, 23:] = 0
    got = contrast(activations, boxes, lengths)
    shown = painted(got, boxes, threshold)
    for video, length in enumerate(lengths.tolist()):
        values = activations[video, :length].double().numpy()
        expected = np.full((length, 3), -1.0)
        for t in range(length):
            for m in range(len(ANCHORS)):
                start = t + boxes.starts[video, t, m].item()
                end = t + boxes.ends[video, t, m].item()
                for c in range(3):
                    value = naive_contrast(values[:, c], start, end)
                    assert got[video, t, m, c].item() == pytest.approx(value, abs=1e-5)
                    low = min(value, threshold)
                    for place in range(math.floor(start), min(math.ceil(end), length)):
                        cover = min(place + 1, end) - max(place, start)
                        part = -1 + (low + 1) * min(2 * cover, 1)
                        part += (value - low) * max(2 * cover - 1, 0)
                        expected[place, c] = max(expected[place, c], part)
        if length == snippets:  # the boxes of padding have no value of their own
            np.testing.assert_allclose(shown[video, :length].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("boxes", "values", "above"),
    [
        ([(2, 5)], [0.6], [2, 3, 4]),
        ([(2.4, 5.6)], [0.6], [2, 3, 4, 5]),
        ([(2.6, 5.4)], [0.6], [3, 4]),
        ([(2, 5)], [0.2], []),  # below the threshold of 0.3
        ([(1, 4), (6, 9)], [0.6, 0.4], [1, 2, 3, 6, 7, 8]),
        ([(1, 6), (3, 9)], [0.6, 0.2], [1, 2, 3, 4, 5]),
        ([(0, 70)], [0.5], [*range(70)]),
        ([(3.2, 3.9)], [0.5], [3]),
    ],
)
def test_snippets_that_boxes_cover_by_half_are_above_the_threshold(
    boxes: list, values: list, above: list
) -> None:
    contrasts = torch.full((1, 80, len(boxes), 1), -1.0)
    contrasts[0, 0, :, 0] = torch.tensor(values)
    shown = painted(contrasts, single(*boxes, snippets=80), 0.3)[0, :, 0]
    assert torch.nonzero(shown > 0.3)[:, 0].tolist() == above
    if above:
        assert shown.max().item() == pytest.approx(max(values), abs=0.31)


def test_paint_changes_as_little_as_the_boxes() -> None:
    torch.manual_seed(1)
    lengths = length_of(50)
    boxes = boxes_of(torch.randn(1, 50, 2 * len(ANCHORS)), lengths)
    near = clipped(Boxes(*(end + 1e-5 for end in boxes)), lengths)
    activations = torch.rand(1, 50, 2)
    first, second = (painted(contrast(activations, b, lengths), b, 0.3) for b in (boxes, near))
    assert (first - second).abs().max().item() < 1e-4


def test_activations_span_each_class_of_a_video() -> None:
    sequence = torch.tensor([[[1.0, 5.0], [3.0, 5.0], [2.0, 5.0], [99.0, -99.0]]])
    mask = torch.tensor([[True, True, True, False]])
    expected = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.5, 0.0], [0.0, 0.0]]])
    torch.testing.assert_close(between_extremes(sequence, mask), expected)


def test_the_loss_takes_each_active_snippets_best_box_of_a_label() -> None:
    activations = torch.zeros(1, 10, 2)
    activations[0, 2:6, 0] = 1
    activations[0, :, 1] = 1  # a class that isn't shown
    starts, ends = torch.zeros(2, 1, 10, 2)
    starts[0, 2], ends[0, 2] = torch.tensor([0.0, 0.0]), torch.tensor([4.0, 2.0])  # 1 and 1/2
    starts[0, 3], ends[0, 3] = torch.tensor([-1.0, 2.0]), torch.tensor([2.2, 3.0])  # 1 - 0.4
    boxes = Boxes(starts.requires_grad_(), ends.requires_grad_())
    labels, mask = torch.tensor([[1.0, 0.0]]), torch.ones(1, 10, dtype=torch.bool)
    loss = oic_loss(activations, boxes, labels, mask)
    # Snippet 3's first box is [2, 5.2): outside are a snippet of 0, and 0.8 of 1 and 0.2 of 0.
    assert loss.item() == pytest.approx(-(1 + 0.6) / 2)
    loss.backward()
    assert ends.grad is not None
    assert ends.grad[0, 3, 0] < 0  # to end later is better


def test_without_a_box_there_is_nothing_to_lose() -> None:
    boxes = boxes_of(torch.zeros(1, 4, 2 * len(ANCHORS)), length_of(4))
    mask = torch.ones(1, 4, dtype=torch.bool)
    assert oic_loss(torch.zeros(1, 4, 2), boxes, torch.tensor([[1.0, 0.0]]), mask).item() == 0
