"""Boxes in time: from anchors and offsets, their contrast, and scores that show the best of them.

Axes: B video, T snippet, M anchor, C class. A box belongs to a snippet and is given relative to
that snippet's number, so that long videos cost no precision: starts and ends (B, T, M) in
snippets, snippet t being [t, t + 1).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

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
    """What a snippet shows of boxes of `values` (B, T, M, C) that cover (B, T, M) of it."""
    half = values.clamp(max=threshold)
    twice = 2 * cover[..., None]
    return LOWEST + (half - LOWEST) * twice.clamp(0, 1) + (values - half) * (twice - 1).clamp(0, 1)
