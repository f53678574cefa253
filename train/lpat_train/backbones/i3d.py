"""I3D, the inflated Inception-v1 (Carreira and Zisserman, "Quo Vadis, Action Recognition?", 2017).

Units are named as in the state dicts of its common PyTorch port, so that published weights load as
they are. Only what gives features is here: the classifier behind the average pool is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FRAMES = 16
"""Frames of a clip."""

SIZE = 224
"""Pixels of each side of a clip."""

EPSILON = 1e-3
"""Added to a variance by batch normalisation."""

CHANNELS = MappingProxyType({"rgb": 3, "flow": 2})
"""Input channels of each stream."""

UNITS = MappingProxyType({"Conv3d_1a_7x7": 64, "Conv3d_2b_1x1": 64, "Conv3d_2c_3x3": 192})
"""Output channels of the units before the first Inception block."""

BLOCKS = MappingProxyType(
    {
        "Mixed_3b": (64, 96, 128, 16, 32, 32),
        "Mixed_3c": (128, 128, 192, 32, 96, 64),
        "Mixed_4b": (192, 96, 208, 16, 48, 64),
        "Mixed_4c": (160, 112, 224, 24, 64, 64),
        "Mixed_4d": (128, 128, 256, 24, 64, 64),
        "Mixed_4e": (112, 144, 288, 32, 64, 64),
        "Mixed_4f": (256, 160, 320, 32, 128, 128),
        "Mixed_5b": (256, 160, 320, 32, 128, 128),
        "Mixed_5c": (384, 192, 384, 48, 128, 128),
    }
)
"""Output channels of each Inception block's units: b0, b1a, b1b, b2a, b2b, b3b."""

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Pool:
    """A max pool: its kernel and stride over time, height and width."""

    kernel: Triple
    stride: Triple


POOLS = MappingProxyType(
    {
        "Conv3d_1a_7x7": Pool((1, 3, 3), (1, 2, 2)),
        "Conv3d_2c_3x3": Pool((1, 3, 3), (1, 2, 2)),
        "Mixed_3c": Pool((3, 3, 3), (2, 2, 2)),
        "Mixed_4f": Pool((2, 2, 2), (2, 2, 2)),
    }
)
"""Max pools, by the layer that they follow."""

BRANCH_POOL = Pool((3, 3, 3), (1, 1, 1))
"""The max pool of each Inception block's last branch."""


class I3D(nn.Module):
    """Features of clips of 16 frames.

    `width` multiplies the channels of every layer, as small networks for tests need.
    """

    def __init__(self, channels: int, width: float = 1.0) -> None:
        super().__init__()
        first, second, third = (scaled(count, width) for count in UNITS.values())
        self.Conv3d_1a_7x7 = Unit(channels, first, (7, 7, 7), (2, 2, 2))
        self.Conv3d_2b_1x1 = Unit(first, second)
        self.Conv3d_2c_3x3 = Unit(second, third, (3, 3, 3))
        count = third
        for name, published in BLOCKS.items():
            block = Inception(count, [scaled(each, width) for each in published])
            self.add_module(name, block)
            count = block.outputs

    def forward(self, clips: Tensor) -> Tensor:
        """Features (N, D) of clips (N, C, 16, H, W), scaled to [-1, 1]; D is 1024 at full width.

        The mean over all that the last block gives is the published average pool (2, 7, 7) where
        the sides are 224.
        """
        for name, layer in self.named_children():
            clips = layer(clips)
            if name in POOLS:
                clips = max_pool(clips, POOLS[name])
        return clips.mean(dim=(2, 3, 4))


class Inception(nn.Module):
    """Four branches of one input, side by side; the second half of Fig. 3 of the paper."""

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0 = Unit(channels, b0)
        self.b1a = Unit(channels, b1a)
        self.b1b = Unit(b1a, b1b, (3, 3, 3))
        self.b2a = Unit(channels, b2a)
        self.b2b = Unit(b2a, b2b, (3, 3, 3))
        self.b3b = Unit(channels, b3b)
        self.outputs = b0 + b1b + b2b + b3b

    def forward(self, values: Tensor) -> Tensor:
        """Values (N, outputs, T, H, W) of values (N, channels, T, H, W)."""
        branches = (
            self.b0(values),
            self.b1b(self.b1a(values)),
            self.b2b(self.b2a(values)),
            self.b3b(max_pool(values, BRANCH_POOL)),
        )
        return torch.cat(branches, dim=1)


class Unit(nn.Module):
    """A convolution without bias, batch normalisation and ReLU."""

    def __init__(
        self, channels: int, outputs: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=EPSILON)
        self.kernel, self.stride = kernel, stride

    def forward(self, values: Tensor) -> Tensor:
        """Values (N, outputs, T', H', W') of values (N, channels, T, H, W)."""
        return F.relu(self.bn(self.conv3d(padded(values, self.kernel, self.stride))))


def scaled(channels: int, width: float) -> int:
    """Channels of a layer in a network of another width."""
    return max(1, round(channels * width))


def max_pool(values: Tensor, pool: Pool) -> Tensor:
    """Maxima of values (N, C, T, H, W), zeros where a window leaves them."""
    return F.max_pool3d(padded(values, pool.kernel, pool.stride), pool.kernel, pool.stride)


def padded(values: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Values (N, C, T, H, W) with zeros around them, as TensorFlow's padding "SAME" has it."""
    sides: list[int] = []
    for axis in (4, 3, 2):  # as `F.pad` counts
        sides += same_padding(values.shape[axis], kernel[axis - 2], stride[axis - 2])
    return F.pad(values, sides)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, such that ceil(size / stride) windows fit."""
    missing = max(kernel - (size % stride or stride), 0)
    return missing // 2, missing - missing // 2


def shapes(channels: int, width: float = 1.0) -> Mapping[str, tuple[int, ...]]:
    """Shape of every weight of a network, by its name in a state dict."""
    with torch.device("meta"):
        network = I3D(channels, width)
    return {
        name: tuple(weight.shape)
        for name, weight in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def network_of(state: Mapping[str, Tensor], width: float = 1.0) -> I3D:
    """The network with these weights, to be run; counts of batches may be missing among them."""
    network = I3D(state["Conv3d_1a_7x7.conv3d.weight"].shape[1], width).eval()
    network.load_state_dict(state, strict=False)
    return network
