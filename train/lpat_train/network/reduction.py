"""Features of which one part is wide are reduced to few values of that, beside the other part.

Principal components of what varies within the training videos; a scene that stays the same says
nothing of when. Axes: B video, T snippet, D feature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from lpat.backbones.spec import COMBINED, parts_of
from lpat.types import FeatureSpec
from lpat_train.config import Heeds
from lpat_train.network.moments import Moments, moments_of


class Reduction(nn.Module):
    """Features (B, T, D) to (B, T, D'): the first `own` as they are, of the others' standardised
    values the first principal components, of which there may be none.

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
        if self.dimension == self.own:
            return features[..., : self.own]
        wide = (features[..., self.own :] - self.mean) * self.scale
        return torch.cat([features[..., : self.own], wide @ self.components], dim=-1)

    def fit(self, chunks: Callable[[], Iterable[Tensor]]) -> Moments:
        """Learn it of all snippets, which `chunks` gives in parts (N, D), each of one video; the
        moments of what comes out.

        What varies within the parts counts: a scene that stays the same says nothing of when.
        """
        moments = moments_of(chunks())
        within = moments_of(part - part.mean(dim=0) for part in chunks())
        self.mean = moments.split(self.own)[-1].mean.float()
        self.scale = within.split(self.own)[-1].scale
        if self.dimension > self.own:
            self.components = self._directions(chunks)
        return moments_of(self(part) for part in chunks())

    def _directions(self, chunks: Callable[[], Iterable[Tensor]]) -> Tensor:
        products = torch.zeros(len(self.mean), len(self.mean), dtype=torch.float64)
        for part in chunks():
            wide = part[:, self.own :]
            varying = ((wide - wide.mean(dim=0)) * self.scale).double()
            products.addmm_(varying.T, varying)
        _, directions = torch.linalg.eigh(products)
        chosen = directions.flip(1)[:, : self.components.shape[1]]
        largest = chosen.gather(0, chosen.abs().argmax(dim=0, keepdim=True))
        return (chosen * largest.sign()).float()  # a direction's sign is arbitrary


def reduction_for(spec: FeatureSpec, components: int, heeds: Heeds = "both") -> Reduction | None:
    """What reduces features of a spec to so many components; None where nothing does.

    It is the part of backbones beside motion that is reduced, where that is wider, and left out
    where `motion` alone is heeded.
    """
    if spec.extractor != COMBINED or (not components and heeds != "motion"):
        return None
    motion, backbone = parts_of(spec)
    if heeds == "motion":
        components = 0
    elif backbone.dimension <= components:
        return None
    return Reduction(motion.dimension, backbone.dimension, components)
