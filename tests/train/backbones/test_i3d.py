"""The network computes what the paper's does, and takes the weights that are published."""

import numpy as np
import pytest
import torch
from tests.train.backbones.reference import features

from benchmarks.video.random_i3d import random_state
from lpat_train.backbones.i3d import I3D, same_padding, shapes

WIDTH = 1 / 8


@pytest.mark.parametrize(("channels", "size"), [(3, 64), (2, 64), (3, 75)])
def test_features_are_those_of_plain_sums(channels: int, size: int) -> None:
    state = random_state(channels, WIDTH)
    network = I3D(channels, WIDTH).eval()
    network.load_state_dict(state, strict=False)
    clips = torch.rand(2, channels, 16, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = network(clips).numpy()
    expected = features({name: weight.numpy() for name, weight in state.items()}, clips.numpy())
    assert found.shape == (2, 128)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    assert expected.std() > 0.1  # there is something to compare


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "zeros"),
    [
        (224, 7, 2, (2, 3)),
        (16, 7, 2, (2, 3)),
        (15, 7, 2, (3, 3)),
        (112, 3, 2, (0, 1)),
        (19, 3, 2, (1, 1)),
        (28, 3, 1, (1, 1)),
        (14, 2, 2, (0, 0)),
        (7, 2, 2, (0, 1)),
        (5, 1, 1, (0, 0)),
    ],
)
def test_padding_is_tensorflows(
    size: int, kernel: int, stride: int, zeros: tuple[int, int]
) -> None:
    assert same_padding(size, kernel, stride) == zeros


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Conv3d_1a_7x7.conv3d.weight", (64, 3, 7, 7, 7)),
        ("Conv3d_1a_7x7.bn.running_var", (64,)),
        ("Conv3d_2c_3x3.conv3d.weight", (192, 64, 3, 3, 3)),
        ("Mixed_3b.b1b.conv3d.weight", (128, 96, 3, 3, 3)),
        ("Mixed_4b.b0.conv3d.weight", (192, 480, 1, 1, 1)),
        ("Mixed_4d.b2b.bn.weight", (64,)),
        ("Mixed_5c.b3b.conv3d.weight", (128, 832, 1, 1, 1)),
        ("Mixed_5c.b2a.bn.bias", (48,)),
    ],
)
def test_weights_are_named_and_shaped_as_published(name: str, shape: tuple[int, ...]) -> None:
    assert shapes(3)[name] == shape


def test_there_are_as_many_weights_as_published() -> None:
    learned = {name: shape for name, shape in shapes(3).items() if "running" not in name}
    assert len(shapes(3)) == 57 * 5
    assert sum(int(np.prod(shape)) for shape in learned.values()) == 12_287_264
    first = "Conv3d_1a_7x7.conv3d.weight"
    flow = dict(shapes(2))
    assert flow.pop(first) == (64, 2, 7, 7, 7)
    assert flow == {name: shape for name, shape in shapes(3).items() if name != first}
