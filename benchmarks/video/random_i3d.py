"""I3D of random weights, for benchmarks and tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from lpat_train.backbones.i3d import shapes


def random_state(channels: int, width: float = 1.0, seed: int = 0) -> dict[str, Tensor]:
    """Random weights by name, such that values neither vanish nor explode from layer to layer."""
    generator = torch.Generator().manual_seed(seed)
    return dict(_random_weights(shapes(channels, width), generator))


def _random_weights(
    shapes: Mapping[str, tuple[int, ...]], generator: torch.Generator
) -> Iterator[tuple[str, Tensor]]:
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        match name.rsplit(".", 1)[-1], len(shape):
            case "weight", 5:
                yield name, noise * (2 / noise[0].numel()) ** 0.5
            case "weight", _:
                yield name, 1 + 0.1 * noise
            case "running_var", _:
                yield name, 1 + 0.1 * noise.abs()
            case _:
                yield name, 0.1 * noise
