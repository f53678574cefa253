"""AutoLoc: boundaries that part high from low activations just outside (2018).

Shou, Gao, Zhang, Miyazawa and Chang, "AutoLoc: Weakly-Supervised Temporal Action Localization in
Untrimmed Videos".

Boxes in time are made of anchors and offsets; scores show the boxes of highest contrast. A box
belongs to a snippet and is given relative to that snippet's number, so that long videos cost no
precision: starts and ends (B, T, M) in snippets, snippet t being [t, t + 1). Axes: B video,
T snippet, M anchor, C class.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lpat_train.config import TrainingConfig
from lpat_train.data.dataset import Batch
from lpat_train.methods.base import Method, Peer
from lpat_train.methods.losses import label_cross_entropy
from lpat_train.network.base import without_background
from lpat_train.network.pooling import top_k_mean

WIDTH = 128
"""Of the boundary predictor's layers (as in the published code)."""
LEAST_ACTIVATION = 0.1
"""A snippet below this proposes no box in training (as in the published code)."""
LEAST_CONTRAST = 0.3
"""A box below this is none (the paper's, from memory)."""


class Output(NamedTuple):
    """The best boxes over snippets, the video's classes, and what trains the boundaries."""

    scores: Tensor  # (B, T, C), largest contrast of a box over the snippet, -1 to 1; see `forward`
    background: Tensor  # (B, T), the least contrast of a box
    logits: Tensor  # (B, C)
    activations: Tensor  # (B, T, C), the class activation sequence, in [0, 1], detached
    boxes: Boxes  # (B, T, M), those of each snippet, whatever the class


class AutoLoc(Peer):
    """A linear classifier on the hidden layer, pooled as W-TALC does, and a predictor of boxes."""

    def __init__(self, config: TrainingConfig, dimension: int, classes: int) -> None:
        super().__init__(config, dimension)
        self.classifier = nn.Linear(self.hidden, classes)
        self.share = config.top_k_share
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, WIDTH, kernel_size=3, padding=1)
            for inputs in (dimension, WIDTH, WIDTH)
        )
        self.boundaries = nn.Linear(WIDTH, 2 * len(ANCHORS))
        nn.init.normal_(self.boundaries.weight, std=0.01)
        nn.init.zeros_(self.boundaries.bias)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> Output:
        """Scores of padded videos; without a mask every snippet is real."""
        if mask is None:
            mask = torch.ones_like(features[..., 0], dtype=torch.bool)
        standardised = self.standardised(features)
        hidden = self.transformed(standardised, mask)
        sequence = self.classifier(hidden)  # (B, T, C)
        lengths = mask.sum(dim=1)
        activations = between_extremes(sequence.detach(), mask)
        boxes = boxes_of(self.offsets(standardised, mask), lengths)
        scores = activations  # in training, which doesn't look at scores, they'd take half the time
        if not self.training:
            contrasts = contrast(activations, boxes, lengths)
            contrasts = torch.where(mask[..., None, None], contrasts, LOWEST)
            scores = painted(contrasts, boxes, LEAST_CONTRAST)
        background = torch.full_like(scores[..., 0], LEAST_CONTRAST)
        logits = top_k_mean(sequence, mask, self.share)
        return Output(scores, background, logits, activations, boxes)

    def offsets(self, standardised: Tensor, mask: Tensor) -> Tensor:
        """Shift and stretch (B, T, 2 M) of each anchor at each snippet."""
        values = standardised
        for convolution in self.convolutions:
            # What lies past a video's end must look like the zero padding.
            values = convolution((values * mask[..., None]).transpose(1, 2)).transpose(1, 2)
            values = functional.leaky_relu(values, 0.1)
        return self.boundaries(values)

    def probabilities(self, output: Output) -> Tensor:
        """The softmax over the classes."""
        return without_background(torch.softmax(output.logits, dim=-1))


def between_extremes(sequence: Tensor, mask: Tensor) -> Tensor:
    """Each class's scores (B, T, C), from 0 at the video's lowest to 1 at its highest.

    Padding gets 0, and so do scores that are all alike; a range below 0.01 counts as that.
    """
    real = mask[..., None]
    lowest = sequence.masked_fill(~real, float("inf")).amin(dim=1, keepdim=True)
    highest = sequence.masked_fill(~real, float("-inf")).amax(dim=1, keepdim=True)
    return (sequence - lowest) / (highest - lowest).clamp(min=0.01) * real


def losses(output: Output, batch: Batch, _: TrainingConfig) -> dict[str, Tensor]:
    """Cross entropy of the pooled scores, and the loss of the labels' boxes.

    They share no weight: activations are detached, and the boundary predictor has its own layers.
    """
    classification = label_cross_entropy(torch.log_softmax(output.logits, dim=-1), batch.labels)
    boundary = oic_loss(output.activations, output.boxes, batch.labels, batch.mask)
    total = classification + boundary
    return {"total": total, "classification": classification, "boundary": boundary}


def oic_loss(activations: Tensor, boxes: Boxes, labels: Tensor, mask: Tensor) -> Tensor:
    """Mean of outer minus inner activation, over the labels' best boxes; 0 where there is none.

    At each snippet of activation above 0.1 the box of largest contrast counts, if above 0.3.
    """
    most = int(labels.sum(dim=1).max())
    labelled, classes = labels.topk(most, dim=1)  # (B, L): only these classes' boxes count
    activations = activations.gather(2, classes[:, None, :].expand(-1, activations.shape[1], -1))
    best = contrast(activations, boxes, mask.sum(dim=1)).amax(dim=2)  # (B, T, L)
    chosen = (activations > LEAST_ACTIVATION) & (best > LEAST_CONTRAST)
    chosen = chosen & (labelled > 0)[:, None, :] & mask[..., None]
    return -(best * chosen).sum() / chosen.sum().clamp(min=1)


METHOD = Method(AutoLoc, losses, lambda _: ("scores", "background"))


ANCHORS = (1, 2, 4, 8, 16, 32)
"""Lengths of the boxes before regression, in snippets (the paper's for THUMOS'14)."""
MOST = 1.0
"""Offsets count up to this: a shift of the anchor's length, a length e times as long or short."""
LEVELS = 7
"""Enough for boxes of 32 e snippets: powers of two up to their length."""
LOWEST = -1.0
"""The least that a contrast of activations from 0 to 1 can be."""


class Boxes(NamedTuple):
    """Starts and ends (B, T, M), relative to their snippet."""

    starts: Tensor
    ends: Tensor


def boxes_of(offsets: Tensor, lengths: Tensor) -> Boxes:
    """Boxes clipped to videos of `lengths` (B,) snippets from offsets (B, T, 2 M).

    Of an anchor of length l at the middle of its snippet, offsets x and w make a box that is
    shifted by l x and l exp(w) long.
    """
    shift, stretch = offsets.clamp(-MOST, MOST).chunk(2, dim=-1)
    anchors = torch.tensor(ANCHORS, dtype=offsets.dtype, device=offsets.device)
    middle = 0.5 + anchors * shift
    half = anchors * stretch.exp() / 2
    return clipped(Boxes(middle - half, middle + half), lengths)


def inflated(boxes: Boxes, lengths: Tensor) -> Boxes:
    """Boxes with a quarter of their length more at either side, a snippet at least, clipped."""
    margin = ((boxes.ends - boxes.starts) / 4).clamp(min=1)
    return clipped(Boxes(boxes.starts - margin, boxes.ends + margin), lengths)


def clipped(boxes: Boxes, lengths: Tensor) -> Boxes:
    """Boxes within their videos of `lengths` (B,) snippets."""
    times = torch.arange(boxes.starts.shape[1], device=lengths.device)[None, :, None]
    first, last = -times.to(boxes.starts), (lengths[:, None, None] - times).to(boxes.starts)
    starts, ends = (end.maximum(first).minimum(last) for end in boxes)
    return Boxes(starts, ends)


def contrast(activations: Tensor, boxes: Boxes, lengths: Tensor) -> Tensor:
    """Mean activation inside minus outside, (B, T, M, C), of activations (B, T, C).

    Outside is what inflation adds; where the video leaves it less than a snippet, 0 stands in for
    the rest of one. So it does for what a box lacks to half a snippet inside. The negative of
    AutoLoc's outer-inner-contrastive loss.
    """
    outer = inflated(boxes, lengths)
    # A long video's sum in float32 would lose what a short box holds.
    sums = functional.pad(activations.double().cumsum(dim=1), (0, 0, 1, 0))  # (B, T + 1, C)
    inside = _sum_to(sums, boxes.ends) - _sum_to(sums, boxes.starts)
    around = _sum_to(sums, outer.ends) - _sum_to(sums, outer.starts) - inside
    length = boxes.ends - boxes.starts
    rest = outer.ends - outer.starts - length
    return (
        inside.to(activations) / length.clamp(min=0.5)[..., None]
        - around.to(activations) / rest.clamp(min=1)[..., None]
    )


def _sum_to(sums: Tensor, places: Tensor) -> Tensor:
    """The sum up to `places` (B, T, M) of what is constant within a snippet: (B, T, M, C)."""
    whole = places.floor()
    times = torch.arange(places.shape[1], device=places.device)[None, :, None]
    index = (whole.long() + times).flatten(1)[..., None].expand(-1, -1, sums.shape[-1])
    at = sums.gather(1, index)
    after = sums.gather(1, (index + 1).clamp(max=sums.shape[1] - 1))
    fraction = (places - whole).flatten(1)[..., None].double()
    return (at + fraction * (after - at)).unflatten(1, places.shape[1:])


def painted(values: Tensor, boxes: Boxes, threshold: float) -> Tensor:
    """The largest value of a box over each snippet, (B, T, C), of values (B, T, M, C) above -1.

    A snippet that a box covers in part shows less of it: nothing, -1, where the cover is 0, and
    the threshold, or the value if that is lower, where it is 1/2. So a snippet is above the
    threshold where a box above it covers more than half, and the result is continuous in all.

    A box covers up to 86 whole snippets. They are two stretches whose length is the same power of
    two, painted each at its first snippet on that power's level; then every level is handed down
    to the next as its halves.
    """
    batch, snippets, _, classes = values.shape
    times = torch.arange(snippets, device=values.device)[None, :, None]
    first = boxes.starts.floor()
    last = boxes.ends.floor()
    # Cover of the snippets at both ends; both are one where the box doesn't leave it.
    covers = (
        torch.minimum(first + 1, boxes.ends) - boxes.starts,
        boxes.ends - torch.maximum(last, boxes.starts),
    )
    whole = (last - first - 1).long()
    level = sum((whole >= 2**power).long() for power in range(1, LEVELS))
    inner = torch.where((whole > 0)[..., None], values, LOWEST)
    start, stop = first.long() + times, last.long() + times
    entries = (
        (torch.zeros_like(whole), start, _partly(values, covers[0], threshold)),
        (torch.zeros_like(whole), stop, _partly(values, covers[1], threshold)),
        (level, start + 1, inner),
        (level, stop - 2**level, inner),
    )
    index = torch.cat(
        [(its * snippets + place.clamp(0, snippets - 1)).flatten(1) for its, place, _ in entries],
        dim=1,
    )
    source = torch.cat([its.flatten(1, 2) for _, _, its in entries], dim=1)  # (B, 4 T M, C)
    table = values.new_full((batch, LEVELS * snippets, classes), LOWEST)
    table = table.scatter_reduce(1, index[..., None].expand_as(source), source, "amax")
    levels = table.unflatten(1, (LEVELS, snippets)).unbind(dim=1)
    shown = levels[-1]
    for power in range(LEVELS - 2, -1, -1):
        later = functional.pad(shown, (0, 0, 2**power, 0), value=LOWEST)[:, :snippets]
        shown = torch.maximum(torch.maximum(levels[power], shown), later)
    return shown


def _partly(values: Tensor, cover: Tensor, threshold: float) -> Tensor:
    """Values (B, T, M, C) of boxes as snippets show them that are covered by a share (B, T, M)."""
    half = values.clamp(max=threshold)
    twice = 2 * cover[..., None]
    return LOWEST + (half - LOWEST) * twice.clamp(0, 1) + (values - half) * (twice - 1).clamp(0, 1)
