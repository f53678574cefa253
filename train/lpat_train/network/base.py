"""What the networks of all methods share: standardised features and one hidden layer.

`hidden` units are those of each member; `windows` says which means of neighbours each sees.

Axes: B video, T snippet, D feature, H hidden, C class. `mask` (B, T) is true on real snippets
and false on padding; a video scores the same alone and padded in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat.model.model import END_OUTPUTS, OUTPUTS
from lpat_train.config import Windows
from lpat_train.distributed.batch_parts import BatchPart
from lpat_train.network.dropout import Dropout
from lpat_train.network.ends import Ends
from lpat_train.network.level import Level
from lpat_train.network.moments import Moments, moments_of
from lpat_train.network.reduction import Reduction
from lpat_train.network.transformation import Transformation


class Network(nn.Module):
    """Base of a method's network.

    `forward(features, mask)` gives a named tuple with at least `scores` (B, T, C) and `background`
    (B, T), and `probabilities` those of the video's classes from that tuple.

    Features are standardised first, by the mean and deviation of the training snippets, so that
    one set of hyperparameters serves any extractor; `fit_standardisation` sets both.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        dimension: int,
        *,
        hidden: int,
        dropout: float,
        temporal_convolution: bool,
        windows: Sequence[Windows] = ((),),
    ) -> None:
        super().__init__()
        self.own = 0  # values of the first of two parts; 0: there is one part
        self.reduction: Reduction | None = None  # of features that are wider than `dimension`
        self.level: Level | None = None  # that exported scores are measured from
        self.ends: Ends | None = None  # learned last; takes no part in `forward`
        self.part: BatchPart | None = (
            None  # what the batch's rows are of, where others have the rest
        )
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.transform = Transformation(dimension, hidden, windows)
        units, members = self.transform.units, len(windows)
        self.convolution = (
            nn.Conv1d(units, units, kernel_size=3, padding=1, groups=members)
            if temporal_convolution
            else None
        )
        self.dropout = Dropout(dropout)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Take a state. Ends are learned last, so it has them or not, and the network then too."""
        ends = {
            name.removeprefix("ends."): value
            for name, value in state_dict.items()
            if name.startswith("ends.")
        }
        self.ends = Ends.shaped_as(ends).to(self.mean.device) if ends else None
        return super().load_state_dict(state_dict, strict, assign)

    def fit_standardisation(self, snippets: Tensor) -> None:
        """Take mean and deviation of snippets (N, D); constant features stay at zero."""
        self.standardise_by(moments_of([snippets]))

    def standardise_by(self, moments: Moments) -> None:
        """Take mean and deviation of the moments; constant features stay at zero.

        Of two parts of features the wider gets a smaller deviation, by which both vary as much.
        """
        self.mean = moments.mean.float()
        own = self.own or len(self.mean)
        # Apart, as each has a least deviation of its own.
        first, *others = (part.scale.float() for part in moments.split(own))
        wide = (min(1.0, (own / len(its)) ** 0.5) * its for its in others)
        self.scale = torch.cat([first, *wide])

    def fit_to(self, chunks: Callable[[], Iterable[Tensor]]) -> None:
        """Learn reduction and standardisation of all snippets, which `chunks` gives in parts
        (N, D)."""
        reduction = self.reduction
        self.standardise_by(moments_of(chunks()) if reduction is None else reduction.fit(chunks))

    def reduced(self, features: Tensor) -> Tensor:
        """Features (B, T, D'), as the network sees them: D values, or fewer that say them."""
        return features if self.reduction is None else self.reduction(features)

    def standardised(self, features: Tensor) -> Tensor:
        """Features (B, T, D') of mean 0 and deviation 1, or less of a wider part, over the training
        snippets."""
        return (self.reduced(features) - self.mean) * self.scale

    @property
    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation (D,) of the features that it was trained on, about as they were."""
        mean, scale, reduction = self.mean, self.scale, self.reduction
        if reduction is not None:
            mean = torch.cat([mean[: reduction.own], reduction.mean])
            scale = torch.cat([scale[: reduction.own], reduction.scale])
        return mean, torch.where(scale > 0, 1 / scale, 0)

    def transformed(self, standardised: Tensor, mask: Tensor | None) -> Tensor:
        """The hidden layer (B, T, H), after dropout, of standardised features."""
        hidden = functional.relu(self.transform.joined(self.transform(standardised), mask))
        if self.convolution is not None:
            if mask is not None:  # what lies past a video's end must look like the zero padding
                hidden = hidden * mask[..., None]
            context = self.convolution(hidden.transpose(1, 2)).transpose(1, 2)
            hidden = hidden + functional.relu(context)
        if self.part is None or not self.training:
            return self.dropout(hidden)
        size = hidden.shape[1:]
        return hidden * self.part.drawn(lambda rows: self.dropout(hidden.new_ones(rows, *size)))

    def random_rows(self, draw: Callable[[int], Tensor], rows: int) -> Tensor:
        """Random numbers for each row of a batch; for a part of it, those of the whole batch."""
        return draw(rows) if self.part is None else self.part.drawn(draw)

    def probabilities(self, output: Any) -> Tensor:
        """Probabilities (B, C + 1) of a video's classes, the background's last."""
        raise NotImplementedError


def without_background(probabilities: Tensor) -> Tensor:
    """Class probabilities (B, C) as (B, C + 1): the background's is zero."""
    return functional.pad(probabilities, (0, 1))


class ExportModule(nn.Module):
    """What is exported: features (B, T, D) to scores, background and probabilities.

    Scores and background are measured from the network's level, where it has been calibrated. Of a
    network that has learned ends, what it tells of them comes too.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        level = network.level
        self.level = level if level is not None and level.calibrated else None

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of what comes out."""
        return OUTPUTS if self.network.ends is None else (*OUTPUTS, *END_OUTPUTS)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Scores (B, T, C), background (B, T), probabilities (B, C + 1); then, if it has learned
        ends, chances (B, T, C) and distances (B, T, 2)."""
        output = self.network(features)
        shown = self.network.probabilities(output)
        measured = (output.scores, output.background) if self.level is None else self.level(output)
        if self.network.ends is None:
            return *measured, shown
        logits, distances = self.network.ends(self.network.reduced(features))
        return *measured, shown, torch.sigmoid(logits), distances
