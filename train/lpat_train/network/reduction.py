"""Features of which one part is wide is reduced to few values, beside the other part.

Beside 202 values of motion, 1280 of scenery drown what moves where training videos are few: most of
what they say tells one video from another, not one action from another. Principal components of
the training videos keep what varies most. Axes: B video, T snippet, D feature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from lpat.backbones.spec import COMBINED, parts_of
from lpat.types import FeatureSpec
from lpat_train.network.moments import Moments, moments_of

DEVIATION = 0.5
"""Of each component before the network, where the other values have 1 (docs/features.md)."""


class Reduction(nn.Module):
    """Features (B, T, D) to (B, T, D'): the first `own` as they are, of the others' standardised
    values the first principal components.

    It is learned before the network, by `fit`, and is part of its state and of what is exported.
    """

    mean: Tensor
    scale: Tensor
    components: Tensor

    def __init__(self, own: int, wide: int, kept: int) -> None:
        super().__init__()
        self.own = own
        self.register_buffer("mean", torch.zeros(wide))
        self.register_buffer("scale", torch.ones(wide))
        self.register_buffer("components", torch.eye(wide, kept))

    @property
    def dimension(self) -> int:
        """D' of what comes out."""
        return self.own + self.components.shape[1]

    def forward(self, features: Tensor) -> Tensor:
        """The own values and the components of the others."""
        wide = (features[..., self.own :] - self.mean) * self.scale
        return torch.cat([features[..., : self.own], wide @ self.components], dim=-1)

    def fit(self, chunks: Callable[[], Iterable[Tensor]]) -> Moments:
        """Learn it of all snippets, which `chunks` gives in parts (N, D); the moments of what comes
        out."""
        moments = moments_of(chunks())
        wide = moments.split(self.own)[-1]
        self.mean, self.scale = wide.mean.float(), wide.scale.float()
        products = torch.zeros(len(self.mean), len(self.mean), dtype=torch.float64)
        for part in chunks():
            standardised = ((part[:, self.own :] - self.mean) * self.scale).double()
            products.addmm_(standardised.T, standardised)
        variances, directions = torch.linalg.eigh(products / moments.count)
        kept = self.components.shape[1]
        chosen = directions.flip(1)[:, :kept]
        largest = chosen.gather(0, chosen.abs().argmax(dim=0, keepdim=True))
        self.components = (chosen * largest.sign()).float()  # a direction's sign is arbitrary
        squares = variances.flip(0)[:kept].clamp(min=0) * moments.count
        return Moments(
            moments.count,
            torch.cat([moments.mean[: self.own], torch.zeros(kept, dtype=torch.float64)]),
            torch.cat([moments.squares[: self.own], squares]),
        )


def reduction_for(spec: FeatureSpec, components: int) -> Reduction | None:
    """What reduces features of a spec to so many components; None where nothing does.

    It is the part of backbones beside motion that is reduced, where that is wider.
    """
    if not components or spec.extractor != COMBINED:
        return None
    motion, backbone = parts_of(spec)
    if backbone.dimension <= components:
        return None
    return Reduction(motion.dimension, backbone.dimension, components)
